"""Text normalisers, one per module."""
