"""Normalisers, one a file: text in, text out."""
