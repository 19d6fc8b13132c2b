"""Audits in other people's formats."""
