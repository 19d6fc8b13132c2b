"""The literature: studies, reproductions, surveyed works, evidence grades and the survey."""
