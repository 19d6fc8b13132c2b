"""The bootstrap's seed and number of replicates, unless a caller says otherwise; apart, since reading them is light."""

from __future__ import annotations

SEED = 20240507
REPLICATES = 1000
# Of the test whether prompts differ.
PERMUTATIONS = 1999
# What a package may ask of whoever verifies it.
MOST_REPLICATES = 100_000
