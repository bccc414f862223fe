# SPDX-License-Identifier: GPL-2.0-only
# `make demo` sets everything up and audits the shipped fixtures; `make test` sets up and tests.
PYTHON ?= python3
VENV ?= .venv
OLD ?= fixtures/pocket-4.9
NEW ?= fixtures/pocket-6.x
BIN := $(VENV)/bin

.PHONY: demo test lint install bench clean

demo: $(VENV)/.installed
	$(BIN)/lpae-audit compare --exit-zero $(OLD) $(NEW)

test: $(VENV)/.dev lint
	$(BIN)/lpae-audit rules check
	$(BIN)/lpae-audit rules test
	$(BIN)/python -m pytest -n auto --dist worksteal tests

lint: $(VENV)/.dev
	$(BIN)/ruff check lpae_backport tests
	$(BIN)/ruff format --check lpae_backport tests
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev
	$(BIN)/python tests/bench/compare.py $(OLD) $(NEW)
	$(BIN)/python tests/bench/series.py $(OLD) $(NEW)
	$(BIN)/python tests/bench/gate.py $(OLD) $(NEW)
	$(BIN)/python tests/bench/needs.py $(OLD) $(NEW)
	$(BIN)/python tests/bench/diff.py $(OLD) $(NEW)
	$(BIN)/python tests/bench/usage.py $(OLD) $(NEW)
	$(BIN)/python tests/bench/index.py $(OLD) $(NEW)
	$(BIN)/python tests/bench/patch.py $(NEW)

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	touch $@

$(VENV)/.dev: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
