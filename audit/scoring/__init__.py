"""Scoring of prediction sets: readers, counting, cache and tables."""
