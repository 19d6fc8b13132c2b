"""The blind edition: identities are replaced by neutral names, sealed by salted commitments, and opened later."""
