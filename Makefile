# Two commands matter: `make run` opens the window, `make test` checks everything.
# Each makes its own .venv first, once; see .ci/install.sh.

VENV := .venv
PYTHON_BIN := $(VENV)/bin/python
STAMP := $(VENV)/.installed

ARGS ?=
# One more than two cores: half of the tests wait for sockets most of their time.
JOBS ?= 3
UV ?= uv
# `make install PYTHON=/path/to/python3.12` reaches .ci/install.sh through the environment.
export PYTHON

# The stamp names the directory it was made in: an environment that was moved, or that lost
# its interpreter to a system upgrade, is installed again.
INSTALLED := $(shell [ -x $(PYTHON_BIN) ] && cat $(STAMP) 2>/dev/null)
ifneq ($(INSTALLED),$(CURDIR))
REINSTALL := reinstall
endif

.DEFAULT_GOAL := help
.PHONY: help run install test lint format-check types layers unit bench lock clean reinstall

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

run: $(STAMP) ## open the window; ARGS="--mode replay --replay FILE…" is passed on
	@$(VENV)/bin/fathom $(ARGS)

install: $(STAMP) ## make .venv with everything, pinned

# Stages in order, also under `make -j`: each waits for the one before it.
test: unit ## lint, format, types, layers, then the tests

lint: $(STAMP)
	@echo "== lint (ruff check)"
	@$(VENV)/bin/ruff check --no-fix .

format-check: lint
	@echo "== format (ruff format --check)"
	@$(VENV)/bin/ruff format --check .

types: format-check
	@echo "== types (mypy --strict)"
	@$(VENV)/bin/mypy --strict core gui tests

layers: types
	@echo "== layers (lint-imports)"
	@$(VENV)/bin/lint-imports

unit: layers
	@echo "== tests (pytest)"
	@$(PYTHON_BIN) -m pytest -n $(JOBS) --dist loadfile

bench: $(STAMP) ## measure speed; the figures are kept in tests/bench/README.md
	@$(PYTHON_BIN) -m tests.bench

LOCK_HEADER := \# Pinned versions of everything, for every platform. Made from pyproject.toml by: make lock

# Keeps present pins where it can; `make lock UPGRADE=--upgrade` takes the newest of all.
lock: ## pin versions again after a change of pyproject.toml (needs uv)
	@command -v $(UV) >/dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv/ (or name it: make lock UV=/path/to/uv)" >&2; exit 1; }
	@$(UV) pip compile --universal --python-version 3.11 --all-extras --generate-hashes --no-emit-index-url --no-annotate \
		--no-header --quiet $(UPGRADE) --output-file requirements.lock pyproject.toml
	@{ echo '$(LOCK_HEADER)'; cat requirements.lock; } >requirements.lock.new && mv requirements.lock.new requirements.lock

clean: ## remove .venv and every cache
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find core gui resources tests -type d -name __pycache__ -prune -exec rm -rf {} +

$(STAMP): requirements.lock pyproject.toml .ci/install.sh $(REINSTALL)
	@sh .ci/install.sh

reinstall:
