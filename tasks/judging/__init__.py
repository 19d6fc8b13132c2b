"""Judged conventions: request fields, reply parsers, and rules that turn judgements into counts."""
