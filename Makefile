# make board   the quick board, from nothing: environment, packages, models, leaderboard
# make test    style, types and the tests
# make drills  ends, damages and starves a tiny board in every way (an hour; KILLS=5 for less), and writes docs/reliability.md
# make lint    style and types alone
# PYTHON=python3.12 make ... chooses the interpreter (3.11 or later).
# A machine without a GPU saves gigabytes by having pip take torch's CPU build, for example with
# PIP_EXTRA_INDEX_URL set to the CPU index that pytorch.org names.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: board test drills lint clean

board: .venv/installed
	$(BIN)/python run_benchmark.py

test: lint
	$(BIN)/python -m pytest -q -n auto --dist loadgroup -m "not drill"

KILLS ?= 50
drills: .venv/installed
	$(BIN)/python -m tests.drills --kills $(KILLS) --signals $$(( ($(KILLS) + 4) / 5 ))
	$(BIN)/python -m pytest -q -m drill

lint: .venv/installed
	$(BIN)/ruff check -q .
	$(BIN)/ruff format -q --check .
	$(BIN)/mypy

.venv/installed: pyproject.toml constraints.txt setup.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed: run make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	touch $@

clean:
	rm -rf .venv build *.egg-info
