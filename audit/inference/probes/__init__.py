"""Probes: what changes the outputs besides the model, and what the outputs owe to the audio."""

from __future__ import annotations

SCHEMA = "repro-audit/probe/1"
