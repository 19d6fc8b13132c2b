"""Our own `tasks`, where the current folder has a `tasks.py` of somebody else's (invoke, Celery and many projects do).

A notebook and `python -m` put the current folder first on `sys.path`. `audit` is found behind it as long as the folder has no
`audit.py`; `tasks` would not be, so `import audit` loads it from beside itself, without a search.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

_HOME = Path(__file__).parent.parent.parent
NAMES = ("audit", "tasks")


def load() -> None:
    """Put the `tasks` beside this package into `sys.modules`; code that says `import tasks` afterwards gets it.

    Raises:
        ImportError: A foreign `tasks` was imported before. The message names its file.
    """
    file = _HOME / "tasks" / "__init__.py"
    known = sys.modules.get("tasks")
    if known is not None:
        other = getattr(known, "__file__", None)
        if other is not None and _same(other, file):
            return
        raise ImportError(
            f"{other or known!r} was imported as `tasks` and hides the package of this name that `audit` needs; "
            "import `audit` first, or rename that file",
            name="tasks",
            path=other,
        )
    spec = spec_from_file_location("tasks", file, submodule_search_locations=[str(file.parent)])
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules["tasks"] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules["tasks"]
        raise


def hiding(folder: Path) -> dict[str, Path]:
    """What a folder has under the names of our packages that is not ours: the file by the name that it takes."""
    found: dict[str, Path] = {}
    for name in NAMES:
        spec = PathFinder.find_spec(name, [str(folder)])
        # A folder without __init__.py is found last of all and hides nothing; it has no origin.
        if spec is not None and spec.origin is not None and not _same(spec.origin, _HOME / name / "__init__.py"):
            found[name] = Path(spec.origin)
    return found


def _same(one: str, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)
