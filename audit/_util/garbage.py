"""Work that creates millions of objects, nearly all of them in use, without Python's search for those that are not."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Disable the search for cycles of unused objects; what is not part of a cycle is freed as always."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()
