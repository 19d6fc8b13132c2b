"""Errors of the data set readers: what, where and remedy; `audit` turns them into messages."""

from __future__ import annotations


class DatasetError(ValueError):
    """A data set that cannot be read.

    Args:
        what: What is wrong, in one sentence.
        where: The file, or file and line.
        fix: The remedy.
    """

    def __init__(self, what: str, *, where: str | None = None, fix: str | None = None) -> None:
        super().__init__(f"{where}: {what}" if where else what)
        self.what = what
        self.where = where
        self.fix = fix
