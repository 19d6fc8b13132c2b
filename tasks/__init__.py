"""Scoring: tasks, conventions and metrics as pure functions on rows, without files or network."""
