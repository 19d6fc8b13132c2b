"""Inspec (Hulth 2003), spoken: abstracts in `Test/*.abstr`, uncontrolled keyphrases in `*.uncontr`.

The three archives (Test.zip, Training.zip, Validation.zip) hold files without a folder: unpacked in one place, the parts mix,
and nothing but the list of ids tells them apart. So the abstracts must be in a folder named `Test`.
"""

from __future__ import annotations

from pathlib import Path

from tasks.datasets.errors import DatasetError
from tasks.datasets.manifest import Item, Manifest, make
from tasks.datasets.registry import Options
from tasks.datasets.spoken import speak
from tasks.datasets.tables import text_of


def read(task: str, root: Path, options: Options) -> Manifest:
    """The abstracts of the test split.

    Raises:
        DatasetError: There is no folder `Test`, it has no abstracts, one has no keyphrases, or there is no speech for them.
    """
    del task
    base = root if root.resolve().name == "Test" else root / "Test"
    if not base.is_dir():
        fix = "unpack Test.zip of Hulth2003.tar.gz into a folder named Test, without Training.zip and Validation.zip"
        raise DatasetError("no folder Test: the parts of Inspec cannot be told apart", where=str(root), fix=fix)
    abstracts = sorted(path for path in base.glob("*.abstr") if not path.name.startswith("."))
    if not abstracts:
        raise DatasetError(
            "no abstracts found (Test/*.abstr)", where=str(root), fix="unpack Test.zip of Hulth2003.tar.gz"
        )
    texts, phrases = {}, {}
    for file in abstracts:
        keys = text_of(file.with_suffix(".uncontr")).split(";")
        texts[file.stem] = " ".join(text_of(file).split())
        phrases[file.stem] = [" ".join(key.split()) for key in keys if key.strip()]
    audio, folder, notes = speak(texts, root, options)
    items = [Item(name, (audio[name],), phrases[name]) for name in texts]
    notes.append("clips longer than 30 s, such as whole abstracts, are truncated")
    return make("Inspec", "Test", folder, items, notes=notes)
