"""Templates of sentences: text with named placeholders, filled in one way wherever it is done."""

from __future__ import annotations

from tasks.phrase import fill, split

__all__ = ["fill", "split"]
