r"""CoVoST 2 on Common Voice 4: `en/clips/*.mp3`, `en/validated.tsv`, and CoVoST's TSV.

The TSV is `covost_v2.en_XX.test.tsv`, as written by the official `get_covost_splits.py`, or the released
`covost_v2.en_XX.tsv` (path, translation, split), which is joined with `validated.tsv` by the same rule. That script reads and
writes every table without quotes and with a backslash as escape: `\"` is `"` (facebookresearch/covost@4cddf32).
"""

from __future__ import annotations

from pathlib import Path

from tasks.datasets.errors import DatasetError
from tasks.datasets.manifest import Item, Manifest, make
from tasks.datasets.registry import Options
from tasks.datasets.tables import table

LANGUAGES = {"st-en-zh": "zh-CN", "st-en-de": "de", "st-en-ja": "ja"}


def read(task: str, root: Path, options: Options) -> Manifest:
    """The test split of one language pair; most clips are 48 kHz MP3 files, so a resampler must be named.

    Raises:
        DatasetError: A table is missing or lacks columns.
    """
    language = LANGUAGES[task]
    base = root if (root / "clips").is_dir() or not (root / "en").is_dir() else root / "en"
    found = _table(base, root, options.labels, language)
    if found.name.endswith(".test.tsv"):
        rows = [(row["path"], row["translation"]) for row in table(found, ("path", "translation"), "escapes")]
    else:
        # Only the names: a backslash at the end of a sentence may hide the cell after it, as in the official script.
        valid = {row["path"] for row in table(base / "validated.tsv", ("path",), "escapes")}
        listed = table(found, ("path", "translation", "split"), "escapes")
        rows = [(r["path"], r["translation"]) for r in listed if r["split"] == "test" and r["path"] in valid]
    items = [Item(path.removesuffix(".mp3"), (f"clips/{path}",), text) for path, text in rows]
    return make(f"CoVoST 2 en-{language}", "test", base, items)


def _table(base: Path, root: Path, labels: Path | None, language: str) -> Path:
    """The table of a language: `labels`, the one in the folder `labels`, or without `labels` the one beside the clips."""
    if labels is not None and not labels.is_dir():
        return labels
    names = (f"covost_v2.en_{language}.test.tsv", f"covost_v2.en_{language}.tsv")
    places = [base, root] if labels is None else [labels]
    for name in names:
        for place in places:
            if (place / name).is_file():
                return place / name
    fix = f"put {names[1]} beside clips, or give it or its folder with --labels"
    raise DatasetError(f"no CoVoST 2 table for {language}", where=str(places[0]), fix=fix)
