"""Why an asset could not be taken. Standard library only, because the image's build has no more."""

from __future__ import annotations


class AssetError(Exception):
    """An asset could not be taken.

    Attributes:
        what: What is wrong.
        where: The file or program.
        fix: What to do.
        differs: Whether something else came, rather than nothing.
    """

    def __init__(self, what: str, where: str, fix: str, *, differs: bool = False) -> None:
        super().__init__(f"{where}: {what} ({fix})")
        self.what, self.where, self.fix, self.differs = what, where, fix, differs
