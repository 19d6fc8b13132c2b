"""Exporters: audits in third-party formats."""
