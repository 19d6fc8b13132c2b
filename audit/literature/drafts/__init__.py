"""Drafts of studies: the cells of a paper's table, matched with tasks and metrics by name."""
