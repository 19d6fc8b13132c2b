"""The rows that pay for a difference as a page of its own, made from the reader's predictions.

The page contains texts of the outputs and references. It says whether the licence of the set allows publishing them; the
published report contains none.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import Any

from audit._util.html_templates import html_templates
from audit._util.paths import TEMPLATES
from audit._util.version import project_version
from audit.analysis.amounts import percent
from audit.analysis.paying_rows import NO_ERROR, PayingRows, label, method, pieces
from audit.literature.sets import Terms
from tasks.analysis.paying_words import Word


def page(found: PayingRows, terms: Terms | None, most: int = 200) -> str:
    """The page as HTML, without anything that is loaded from elsewhere.

    Args:
        found: The rows.
        terms: What the set's card says about publishing its texts; None without a card.
        most: The number of rows to show.
    """
    style = (TEMPLATES / "rows.css").read_text(encoding="utf-8").strip()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    return (
        html_templates()
        .get_template("rows.html.j2")
        .render(
            found=found,
            first=found.conventions[0],
            second=found.conventions[1],
            gap=f"{float(found.gap):+.4f}",
            values=[f"{float(value):.4f}" for value in found.values],
            method=method(found),
            kinds=[(kind, f"{float(kind.share):+.4f}", percent(kind.share, found.gap)) for kind in found.kinds],
            remainder=f"{float(found.remainder):+.4f}",
            rows=[_row(found, n) for n in range(min(most, len(found.rows)))],
            may=publishing(terms),
            style=style,
            policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
            version=project_version(),
        )
    )


def publishing(terms: Terms | None) -> str:
    """Whether the page may be published, for its reader."""
    about = "This page contains texts of outputs and references."
    if terms is None:
        return f"{about} The task has no set card, so nobody knows whether they may be published: keep it to yourself."
    if terms.state == "yes":
        return f"{about} The set's licence allows publishing its texts: {terms.reason}"
    known = "does not allow" if terms.state == "no" else "is not known to allow"
    return f"{about} The set's licence {known} publishing its texts ({terms.reason.rstrip('.')}): keep it to yourself."


def _row(found: PayingRows, number: int) -> dict[str, Any]:
    row = found.rows[number]
    return {
        "number": number + 1,
        "id": row.id,
        "points": f"{float(row.share):+.4f}",
        "percent": percent(row.share, found.gap),
        "kind": row.kind,
        "sides": [
            {
                "letter": letter,
                "counts": ", ".join(f"{value} {key}" for key, value in counts.items() if value) or "not scored",
                "words": _words(words),
                "reference": _words(reference),
            }
            for letter, counts, words, reference in zip("AB", row.counts, row.words, row.references, strict=True)
        ],
    }


def _words(words: Sequence[Word]) -> list[tuple[str, str]]:
    """(class, text) of every place; errors are marked by brackets too, not by colour alone."""
    if words and not any(word.pays or word.tag != "hit" for word in words):
        return [("same", NO_ERROR)]
    found = []
    for word in pieces(words):
        if word is None:
            found.append(("gap", "\u2026"))
        elif word.pays:
            found.append(("pays", f"[{label(word)}]"))
        elif word.tag != "hit":
            found.append(("error", f"({label(word)})"))
        else:
            found.append(("same", label(word)))
    return found
