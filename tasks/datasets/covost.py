"""CoVoST 2 on Common Voice 4: `en/clips/*.mp3`, `en/validated.tsv`, and CoVoST's TSV.

The TSV is `covost_v2.en_XX.test.tsv`, as written by the official `get_covost_splits.py`, or the released
`covost_v2.en_XX.tsv` (path, translation, split), which is joined with `validated.tsv` by the same rule.
"""

from __future__ import annotations

from pathlib import Path

from tasks.datasets.errors import DatasetError
from tasks.datasets.manifest import Item, Manifest, make
from tasks.datasets.registry import Options
from tasks.datasets.tables import table

KNOWN = 15531
LANGUAGES = {"st-en-zh": "zh-CN", "st-en-de": "de", "st-en-ja": "ja"}


def read(task: str, root: Path, options: Options) -> Manifest:
    """The test split of one language pair; most clips are 48 kHz MP3 files, so a resampler must be named.

    Raises:
        DatasetError: A table is missing or lacks columns.
    """
    language = LANGUAGES[task]
    base = root if (root / "clips").is_dir() or not (root / "en").is_dir() else root / "en"
    places = [base, root, *([options.labels] if options.labels else [])]
    ready = _first(places, f"covost_v2.en_{language}.test.tsv")
    if ready is not None:
        rows = [(row["path"], row["translation"]) for row in table(ready, ("path", "translation"), tab=True)]
    else:
        release = _first(places, f"covost_v2.en_{language}.tsv")
        if release is None:
            fix = f"put covost_v2.en_{language}.tsv beside clips, or give its folder with --labels"
            raise DatasetError(f"no CoVoST 2 table for {language}", where=str(base), fix=fix)
        valid = {row["path"] for row in table(base / "validated.tsv", ("path", "sentence"), tab=True)}
        listed = table(release, ("path", "translation", "split"), tab=True)
        rows = [(r["path"], r["translation"]) for r in listed if r["split"] == "test" and r["path"] in valid]
    items = [Item(path.removesuffix(".mp3"), (f"clips/{path}",), text) for path, text in rows]
    return make(f"CoVoST 2 en-{language}", "test", base, items, known=KNOWN)


def _first(places: list[Path], name: str) -> Path | None:
    return next((place / name for place in places if (place / name).is_file()), None)
