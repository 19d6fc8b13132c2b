"""Running models over test sets: engines, journal, shards, probes, and the SALMONN model itself."""
