"""What a run leaves: its record, its scores beside it, and records made from other suites' logs."""
