"""What to run: presets (TOML), their schema, and how they are read."""
