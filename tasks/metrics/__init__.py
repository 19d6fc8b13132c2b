"""Metrics, one per module: integer counts per row, folded into a value."""
