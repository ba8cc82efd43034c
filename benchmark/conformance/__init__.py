"""The suite that every unlearning method must pass."""
