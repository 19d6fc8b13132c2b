"""Sampling plans: which units are scored in which order, and what settles a claim, said before the run."""
