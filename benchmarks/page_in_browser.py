"""Time of the HTML report in a real Chromium: `python -m benchmarks --only browser`.

A made-up audit of 4,200 values that follow from their counts, with a signature. A filter's time runs from the event in the
field to the frame in which its result is painted; its processor time is that of the page's thread, which other work on the
machine does not lengthen. Filters are changed so that every turn shows other rows than the one before.
"""

from __future__ import annotations

import random
import statistics
import tempfile
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from audit.document.write import to_bytes
from audit.facts import Claim
from audit.provenance.records import page_seal
from audit.report.page import render
from audit.report.script import script
from audit.schema import AuditDocument, Fold, Measurement
from audit.verdict.agreement import Target
from benchmarks.measuring import Stopwatch
from tasks.statistics.bootstrap import stored
from tests.support import browser as chromium
from tests.support.example_audit import build, document
from tests.support.provenance import made

CLAIMS, CONVENTIONS = 23, 200
# What is done: the field, and the values that it gets in turn.
FILTERS = {
    "search": ("search", ("c1", "c2", "")),
    "origin": (1, ("recorded", "recomputed", "")),
    "grade": (2, ("C", "D", "")),
    "agreement": (3, ("better", "worse", "")),
}
_TIMED = """async ([field, value]) => {
  const input = field === "search" ? document.querySelector("#find input") : document.querySelectorAll("#find select")[field];
  const start = performance.now();
  input.value = value;
  input.dispatchEvent(new Event(field === "search" ? "input" : "change"));
  await new Promise((painted) => requestAnimationFrame(() => setTimeout(painted)));
  return performance.now() - start;
}"""


def audit() -> AuditDocument:
    """A made-up audit whose values follow from counts of errors in words."""
    base = document(build(claims=CLAIMS, conventions=CONVENTIONS, hostile=False))
    claims, rng = {claim.id: claim for claim in base.claims}, random.Random(5)
    measurements = (_counted(one, claims[one.claim or ""], base, rng) for one in base.measurements)
    verdicts = (replace(verdict, reasons=(), odds=None, certificate=None) for verdict in base.verdicts)
    return replace(base, measurements=tuple(measurements), verdicts=tuple(verdicts))


def _counted(one: Measurement, claim: Claim, base: AuditDocument, rng: random.Random) -> Measurement:
    held = Target(claim.value, claim.direction, base.study.margins[claim.metric].value)
    if one.origin == "recorded":
        return replace(one, agreement=held.compare(Fraction(one.value or "0")))
    whole, words = 100 if claim.unit == "percent" else 1, rng.randint(20_000, 60_000)
    errors = round(words * float(one.value or 0) / whole)
    exact = Fraction(errors, words)
    return replace(
        one,
        value=format(stored(exact) * whole, "f"),
        counts={"errors": errors, "words": words},
        fold=Fold("ratio", 1, ("errors",), ("words",)),
        agreement=held.compare(exact * whole),
        whole=None,
    )


def _spent(session: Any) -> float:
    """Processor milliseconds of the page's thread."""
    metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    return float(metrics["TaskDuration"]) * 1000


def measure(turns: str) -> dict[str, Any]:
    """Time until the page has checked itself, and milliseconds of every filter over so many turns."""
    example = audit()
    watch = Stopwatch()
    page = page_seal.sign(render(example).encode(), to_bytes(example), made.key(1))
    filters: dict[str, dict[str, list[float]]] = {name: {"painted": [], "processor": []} for name in FILTERS}
    with tempfile.TemporaryDirectory() as folder, chromium.browser() as browser:
        path = Path(folder, "report.html")
        path.write_bytes(page)
        with chromium.opened(browser, path) as opened:
            assert opened.differences == []
            loaded, line = opened("performance.now()"), opened.line
            opened.page.locator("button[aria-controls=find]").click()
            session = opened.page.context.new_cdp_session(opened.page)
            session.send("Performance.enable", {"timeDomain": "threadTicks"})
            for name, (field, values) in FILTERS.items():
                for turn in range(int(turns)):
                    before = _spent(session)
                    filters[name]["painted"].append(opened(_TIMED, [field, values[turn % len(values)]]))
                    filters[name]["processor"].append(_spent(session) - before)
            version = browser.version
    return {
        **watch.read(),
        "filters": {
            name: {"painted": statistics.median(one["painted"]), "processor": statistics.median(one["processor"])}
            for name, one in filters.items()
        },
        "loaded": loaded / 1000,
        "line": line,
        "measurements": len(example.measurements),
        "html_bytes": len(page),
        "script_bytes": len(script()),
        "versions": {"Chromium": version},
    }
