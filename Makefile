# Everything sets itself up: a virtual environment in .venv from the hashed locks in requirements/.
# `make help` lists the targets; the comment after ## is their description.

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip install -qq --disable-pip-version-check --require-hashes --no-deps
CODE := actors benchmarks cli config domain grafana simulator spapi store tests
TESTS ?= tests/unit tests/contract tests/integration
ARGS ?=

# Without kept bytecode every run of the tests compiles all of them anew: half of the unit tests' time.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test unit examples faults bench check format docs lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.embedded ## See the whole job in a minute, with nothing but this checkout (ARGS="--orders 300")
	@$(PY) -m cli demo $(ARGS)

test: $(VENV)/.dev $(VENV)/.embedded ## Run the unit, contract and integration tests (TESTS=..., ARGS="-k name")
	@$(PY) -m tests.fakes.rabbitmq
	@$(PY) -m tests.fakes.prometheus
	@$(PY) -m tests.fakes.compose
	@$(PY) -m pytest $(TESTS) $(ARGS)

unit: $(VENV)/.dev ## Run the unit tests on all cores, offline
	@$(PY) -m pytest tests/unit -n auto $(ARGS)

examples: $(VENV)/.dev ## Hold every property against thousands of random examples
	@EXAMPLES=thousands $(PY) -m pytest tests/unit -n auto -m hypothesis $(ARGS)

faults: $(VENV)/.dev $(VENV)/.embedded ## Run the fault tests: workers and brokers killed in the middle of their work
	@$(PY) -m tests.fakes.rabbitmq
	@$(PY) -m pytest tests/faults $(ARGS)

bench: $(VENV)/.dev $(VENV)/.embedded ## Measure speed, memory and hours as ratios to a floor (ARGS="--million")
	@$(PY) -m benchmarks $(ARGS)

check: $(VENV)/.dev ## Format, lint, types and import rules: what must hold before every commit
	@$(VENV)/bin/ruff format --check --quiet $(CODE)
	@$(VENV)/bin/ruff check --quiet $(CODE)
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports

format: $(VENV)/.dev ## Format the code and fix what can be fixed by machine
	@$(VENV)/bin/ruff format $(CODE)
	@$(VENV)/bin/ruff check --fix $(CODE)

docs: $(VENV)/.run ## Write the generated pages in docs/ anew (a test holds them true)
	@$(PY) -m cli docs

lock: $(VENV)/.dev ## Write the lock files in requirements/ anew from pyproject.toml
	@scripts/lock.sh

clean: ## Remove the virtual environment, the caches and the demo's data
	@rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/.made:
	@echo "making the virtual environment $(VENV)"
	@PYTHON="$(PYTHON)" scripts/venv.sh
	@touch $@

$(VENV)/.run: requirements/run.txt | $(VENV)/.made
	@echo "installing what the connector needs"
	@$(PIP) -r $<
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run | $(VENV)/.made
	@echo "installing what development needs"
	@$(PIP) -r $<
	@touch $@

$(VENV)/.embedded: requirements/embedded.txt requirements/embedded-fallback.txt $(VENV)/.run | $(VENV)/.made
	@echo "installing the embedded store"
	@scripts/embedded.sh
	@touch $@
