"""Probes: the effect on outputs of batching, machine, prompt and beam search, and of removing the audio."""

from __future__ import annotations

SCHEMA = "repro-audit/probe/1"
