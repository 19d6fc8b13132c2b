"""Utilities of the audit package: files, JSON, YAML, CSV, progress, version."""
