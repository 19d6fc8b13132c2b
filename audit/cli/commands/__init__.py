"""One module a command of `repro-audit`."""
