"""Presets: one flat TOML file a board. The schema is benchmark/config/load.py."""

from pathlib import Path

FOLDER = Path(__file__).parent
