"""Confidence sequences without replacement: intervals for a value over a finite set, valid at every moment of sampling."""
