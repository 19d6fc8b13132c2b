"""Statistics: bootstrap intervals, look-elsewhere odds, impossible values."""
