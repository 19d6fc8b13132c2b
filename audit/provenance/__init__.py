"""Signed provenance packages and their verification.

`package.build` makes a package from an audit's output folder; `verification.verify.verify` accepts it or reports what is
wrong. docs/explanation/provenance.md describes the chain of signatures and the threat model.
"""
