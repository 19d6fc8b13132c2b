"""Texts in CSV files that people open in a spreadsheet."""

from __future__ import annotations


def plain_cell(text: str) -> str:
    """The text, with an apostrophe in front where a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
