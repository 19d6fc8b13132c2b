"""The records in a package: statements, environment, run, bill of materials, crate."""
