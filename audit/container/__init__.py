"""The container image: build, run locked down, describe, archive."""
