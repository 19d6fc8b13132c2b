"""Verification of packages, and countersignatures."""
