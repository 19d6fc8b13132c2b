"""Inspec (Hulth 2003), spoken: abstracts in `Test/*.abstr`, uncontrolled keyphrases in `*.uncontr`."""

from __future__ import annotations

from pathlib import Path

from tasks.datasets.errors import DatasetError
from tasks.datasets.manifest import Item, Manifest, make
from tasks.datasets.registry import Options
from tasks.datasets.spoken import speak
from tasks.datasets.tables import text_of

KNOWN = 500


def read(task: str, root: Path, options: Options) -> Manifest:
    """The abstracts of the test split.

    Raises:
        DatasetError: There are no abstracts, one has no keyphrases, or there is no speech for them.
    """
    del task
    base = root / "Test" if (root / "Test").is_dir() else root
    abstracts = sorted(base.glob("*.abstr"))
    if not abstracts:
        raise DatasetError("no abstracts found (Test/*.abstr)", where=str(root), fix="unpack Hulth2003")
    texts, phrases = {}, {}
    for file in abstracts:
        keys = text_of(file.with_suffix(".uncontr")).split(";")
        texts[file.stem] = " ".join(text_of(file).split())
        phrases[file.stem] = [" ".join(key.split()) for key in keys if key.strip()]
    audio, folder, notes = speak(texts, root, options)
    items = [Item(name, (audio[name],), phrases[name]) for name in texts]
    notes.append("clips longer than 30 s, such as whole abstracts, are truncated")
    return make("Inspec", "Test", folder, items, known=KNOWN, notes=notes)
