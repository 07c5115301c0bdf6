# Every target sets up what it needs; `make help` lists them.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
# A file's tests stay in one process; those that run the whole line share one.
PROCESSES ?= 3
PARALLEL := -n $(PROCESSES) --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help setup demo test coverage test-timescale check bench format lint types contracts lock debian

help: ## Show what there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

setup: $(STAMP) ## Make .venv with everything in it (quick when nothing changed)

$(STAMP): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Oilcan needs Python 3.11 or newer; set PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "Python's venv is missing: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --require-hashes -r requirements.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	@echo "Compiling the rule kernel, once for each version: half a minute"
	$(BIN)/python -m oilcan.compile_rules
	@touch $(STAMP)

demo: setup ## Run the demo plant: real protocols, rules, work orders, pages
	$(BIN)/oilcan demo

test: setup debian ## Run all tests on the embedded PostgreSQL
	$(BIN)/pytest $(PARALLEL)

coverage: setup debian ## Run all tests and say which lines and branches none of them takes
	$(BIN)/pytest $(PARALLEL) --cov --cov-report=term-missing:skip-covered

test-timescale: setup debian ## Run the store and acceptance tests on a real TimescaleDB
	$(BIN)/python tests/timescale.py $(PARALLEL) -m "store or acceptance"

check: lint types contracts debian ## Everything that has to hold before a change lands
	$(BIN)/pytest $(PARALLEL)
	$(BIN)/python tests/timescale.py $(PARALLEL) -m "store or acceptance"

bench: setup ## Measure against the references and write docs/benchmarks.md
	$(BIN)/python -m bench.ingest
	$(BIN)/python -m bench.importing
	$(BIN)/python -m bench.history
	$(BIN)/python -m bench.collect
	$(BIN)/python -m bench.kernel
	$(BIN)/python -m bench.rules_beside
	$(BIN)/python -m bench.backtest
	$(BIN)/python -m bench.backtest_read
	$(BIN)/python -m bench.vmalert
	$(BIN)/python -m bench.snapshot
	$(BIN)/python -m bench.reaction
	$(BIN)/python -m bench.modbus
	$(BIN)/python -m bench.gateway
	$(BIN)/python -m bench.mqtt
	$(BIN)/python -m bench.opcua
	$(BIN)/python -m bench.register
	$(BIN)/python -m bench.plans
	$(BIN)/python -m bench.work_orders
	$(BIN)/python -m bench.faults --minutes 30

debian: ## Install what the checks need from Debian, or say what is missing
	@tests/debian.sh

format: setup ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only --quiet .

lint: setup ## Check format and style
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: setup ## Check types, twice: each checker catches what the other does not
	$(BIN)/mypy
	$(BIN)/basedpyright

contracts: setup ## Check that imports go one way
	$(BIN)/lint-imports --no-logo

lock: ## Write requirements.txt anew from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --extra server --extra dev --universal --upgrade \
	  --generate-hashes --no-strip-extras --no-header --no-annotate --quiet -o requirements.txt
