"""``python run_benchmark.py``: the same as the installed command ``unlearn-bench``."""

from benchmark.cli.app import main

if __name__ == "__main__":  # worker processes import this file again
    main()
