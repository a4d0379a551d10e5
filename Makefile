# Two commands on a bare machine with Python 3.11+ and make: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install --quiet --constraint constraints.txt

.PHONY: help demo test lint reports boards study engines data docs bench calibrate clean
help:
	@echo "make demo   synthesize, audit and report on the embedded table"
	@echo "make test   install what the tests need, then lint, type-check and test"

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# a stamp for each set of dependencies: nothing is installed twice
$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) --editable '.[sdv]'
	@touch $@

$(VENV)/.test: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) --editable '.[sdv,test,lint]'
	@touch $@ $(VENV)/.demo

demo: $(VENV)/.demo
	$(BIN)/synthtab demo --out reports

test: $(VENV)/.test lint
	$(BIN)/python -m pytest --cov --cov-report=term:skip-covered --cov-fail-under=90 -n 2 --dist worksteal

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

reports: $(VENV)/.demo
	$(BIN)/synthtab demo --out reports
	$(BIN)/python scripts/write_reports.py

# half an hour of two cores; what it found is committed
boards: $(VENV)/.demo
	$(BIN)/python scripts/write_boards.py --out reports
	$(BIN)/python scripts/write_reports.py

# an hour of two cores; what it found is committed
study: $(VENV)/.demo
	$(BIN)/python scripts/nhanes_study.py --run-dir runs/nhanes --out reports

# ray and spark are large, and spark needs Java
engines: $(VENV)/.test
	$(INSTALL) --editable '.[sdv,test,engines]'
	$(BIN)/python scripts/run_engines.py --write docs/engines.md

data: $(VENV)/.test
	$(BIN)/python scripts/build_nhanes.py --check
	$(BIN)/python scripts/build_adult.py --check

docs: $(VENV)/.test
	$(BIN)/python scripts/write_metrics_page.py
	$(BIN)/python scripts/show_misleading.py

bench: $(VENV)/.test
	for script in benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

calibrate: $(VENV)/.test
	$(BIN)/python scripts/calibrate_audit.py --out docs/calibration.md
	$(BIN)/python scripts/calibrate_privacy.py --out docs/calibration-privacy.md
	$(BIN)/python scripts/calibrate_recursion.py --out docs/calibration-recursion.md
	$(BIN)/python scripts/show_recursion_formulas.py --out docs/recursion-formulas.md
	$(BIN)/python scripts/published_adult_run.py --out docs/recursion-adult.md
	$(BIN)/python scripts/calibrate_gate.py --out docs/calibration-gate.md

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .coverage
