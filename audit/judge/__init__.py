"""LLM judges: a common interface, and a permanent cache of all replies."""
