"""What the statistics do on data whose truth is known: ``python -m benchmark.simulations yardstick``."""
