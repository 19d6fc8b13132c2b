"""Task families, one per module: their conventions and tasks."""
