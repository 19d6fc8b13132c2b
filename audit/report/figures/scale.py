"""The axes of the report's figures, shared with the figures of analyses."""

from __future__ import annotations

from audit._util.axis import Axis, Scale, around, broken

__all__ = ["Axis", "Scale", "around", "broken"]
