"""Steps: cleaning, normalisation, tokenisation and selection."""
