"""Language models: load, tokenise, forward, generate."""
