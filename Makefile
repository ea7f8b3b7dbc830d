# Everything here works on a fresh machine that has python3 (3.11 or newer, with venv) and make.
# The environment is .venv in this folder; it is made at the first use and again when pyproject.toml changes.

# Of the same version, the system's Python: it is built with optimizations that others, such as pyenv's, may lack, and a
# broker takes a tenth less of the processor on it (docs/performance.md). make PYTHON=python3 takes the other.
SYSTEM := /usr/bin/python3
PYTHON ?= $(shell [ "$$(python3 -V | cut -d. -f1,2)" = "$$($(SYSTEM) -V 2>/dev/null | cut -d. -f1,2)" ] && \
    $(SYSTEM) -c 'import ensurepip, venv' 2>/dev/null && echo $(SYSTEM) || echo python3)
VENV := .venv
BIN := $(VENV)/bin
TYPED := protocol peer client worker gearman_testing # what others import: no name of theirs without a type, for any checker
LINTED := protocol persistence broker peer client worker gearman_testing tests bench examples docs

SCENARIO ?=
MINUTES ?= 2

.DEFAULT_GOAL := help
.PHONY: help run demo test soak dialogues check docs bench profile clean

help: ## list these targets
	@echo "usage: make TARGET [ARGS='...']"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/.runs ## start the broker on 127.0.0.1:4730 with its embedded store (ARGS: flags of the broker)
	@exec $(BIN)/python -m broker $(ARGS)

demo: $(VENV)/.runs ## send 30 mails through a broker that is killed in the middle, and count what was lost
	@$(BIN)/python -m examples.demo $(ARGS)

test: $(VENV)/.develops ## run the tests (ARGS: arguments of pytest; '--numprocesses 4 --dist worksteal' is quicker)
	@$(BIN)/python -m pytest $(ARGS)

soak: $(VENV)/.develops ## load on three brokers, and a fault every few seconds, for MINUTES (2)
	@$(BIN)/python -m tests.faults.soak --minutes $(MINUTES) $(ARGS)

dialogues: $(VENV)/.develops ## hold the protocol's dialogues with this broker and with gearmand, side by side
	@REQUIRE_INTEROP=1 $(BIN)/python -m pytest tests/dialogues $(ARGS)

check: $(VENV)/.develops ## format, lint, types and the direction of imports
	@$(BIN)/ruff format --check $(LINTED)
	@$(BIN)/ruff check $(LINTED)
	@find $(LINTED) -name '*.py' -exec $(BIN)/flake8-async --enable=ASYNC102,ASYNC103 {} +
	@$(BIN)/mypy
	@for package in $(TYPED); do PATH="$(CURDIR)/$(BIN):$$PATH" PYRIGHT_PYTHON_GLOBAL_NODE=off \
	    $(BIN)/pyright --verifytypes $$package --ignoreexternal > $(VENV)/verifytypes || { cat $(VENV)/verifytypes; exit 1; }; done
	@$(BIN)/lint-imports

docs: $(VENV)/.develops ## build the pages, reference included, into docs/_build; a warning fails
	@$(BIN)/sphinx-build --quiet --fresh-env --fail-on-warning --keep-going --builder html docs docs/_build/html
	@echo "docs/_build/html/index.html"

bench: $(VENV)/.measures ## how fast, beside other servers, into bench/README.md (SCENARIO: one of bench/, printed; ARGS: its flags)
	@test -f bench/$(or $(SCENARIO),everything).py || { echo "there is no scenario $(SCENARIO); bench/README.md lists them" >&2; exit 1; }
	@$(BIN)/python -m bench.$(or $(SCENARIO),everything) $(ARGS)

profile: $(VENV)/.develops ## where the broker's time goes under a load (SCENARIO: one of bench/; ARGS: flags of bench.profiling)
	@$(BIN)/python -m bench.profiling $(ARGS) $(SCENARIO)

clean: ## remove .venv and everything the tools left behind
	rm -rf $(VENV) .interop dist docs/_build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name one with make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "python3 cannot make a virtual environment: install its venv package (Debian: python3-venv)" >&2; exit 1; }

$(VENV)/.runs: pyproject.toml | $(BIN)/python
	@echo "installing what the broker needs into $(VENV) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.develops: pyproject.toml | $(BIN)/python
	@echo "installing what the tests and checks need into $(VENV) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/.runs

$(VENV)/.measures: $(VENV)/.develops
	@echo "installing another server to measure into $(VENV) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[bench]'
	@touch $@
