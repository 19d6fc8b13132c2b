"""The bootstrap's seed and number of replicates, unless a caller says otherwise; apart, since reading them is light."""

from __future__ import annotations

SEED = 20240507
REPLICATES = 1000
