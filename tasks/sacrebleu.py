"""Modules of sacreBLEU by themselves.

`import sacrebleu` also loads lock files with their Redis, tables and every metric, which takes longer than a short command;
the modules that are needed here import nothing of that.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, Final

LIBRARY: Final = "sacrebleu"
# The same folders as a package of their own, so that `import sacrebleu` elsewhere still loads all of the library.
_ALONE: Final = "_sacrebleu_modules"


@cache
def sacrebleu_module(name: str) -> Any:
    """A module of the installed sacreBLEU, without the packages around it unless they are loaded already.

    Args:
        name: Inside the library: `tokenizers.tokenizer_13a`, `metrics.lib_ter`. It must not import from the packages above.

    Raises:
        ImportError: The library is not installed, or has no such module.
    """
    if LIBRARY in sys.modules:
        return import_module(f"{LIBRARY}.{name}")
    spec = find_spec(LIBRARY)
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("sacreBLEU is not installed", name=LIBRARY)
    package, folder = _ALONE, Path(spec.submodule_search_locations[0])
    for part in ("", *name.split(".")[:-1]):
        package, folder = (f"{package}.{part}", folder / part) if part else (package, folder)
        if package not in sys.modules:
            found = ModuleType(package)
            found.__path__ = [str(folder)]
            sys.modules[package] = found
    return import_module(f"{_ALONE}.{name}")
