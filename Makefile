# The two commands of the README, and a few more. Each sets up what it needs; the second run finds it there.

PYTHON ?= python3
PHONES ?= 200
ARGS ?=

BIN := .venv/bin
READY := .venv/.ready

export PYTHON
# Debian keeps snmptrapd and dnsmasq where an ordinary user's PATH does not look.
export PATH := $(PATH):/usr/sbin:/sbin

.PHONY: help run test lint fuzz bench clean

help:  ## Show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

run: $(READY)  ## Run the demo: the daemon with PHONES=200 simulated phones, until Ctrl-C
	@exec $(BIN)/ringkeeper demo --phones $(PHONES) $(ARGS)

test: $(READY) lint  ## Run every check and every test
	@scripts/tests $(ARGS)

lint: $(READY)  ## Check style and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

fuzz: $(READY)  ## Have Schemathesis ask everything of the API: EXAMPLES=30 each, three minutes
	@scripts/fuzz

bench: $(READY)  ## Measure; one file per question in bench/ (parser wants its peers first: bench/README.md)
	@set -e; for question in qualify scale register flood keep_alive start fetch firmware render generate import cold_start; do echo "== $$question"; $(BIN)/python -m bench.$$question $(ARGS); done

clean:  ## Remove the virtual environment and all caches
	rm -rf .venv .venv-fuzz .mypy_cache .pytest_cache .ruff_cache .hypothesis build *.egg-info

$(READY): requirements.lock pyproject.toml scripts/environment
	@scripts/environment
	@touch $@
