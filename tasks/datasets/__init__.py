"""Test sets: readers that turn the official layouts on disk into manifests of items, audio paths and missing files."""
