"""The package format: layout, zip archive, checksums, canonical encodings."""
