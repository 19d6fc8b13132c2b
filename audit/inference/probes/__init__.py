"""Probes: the effect on outputs of batching, machine, prompt and beam search, and of removing the audio."""
