# Everything a machine with make and Python 3.11 to 3.13 needs. `make` lists the targets.
#
# PYTHON=python3.13 chooses the interpreter, VENV=.venv313 the environment it fills, PORT=8080 the
# port of `make run` and `make serve`, ARGS='-k login' goes to pytest.

VENV ?= .venv
BIN = $(VENV)/bin
VERSION_OF = -c 'import sys; print("%d.%d" % sys.version_info[:2])'
PIP = $(BIN)/python -m pip --disable-pip-version-check --quiet install \
	--require-hashes --only-binary :all:
# The settings refuse to load without secrets; this gives a command those of one run.
AS_IN_PRODUCTION = $(BIN)/python -m scripts.as_in_production

ifeq ($(origin PYTHON),undefined)
PYTHON := $(shell for each in python3.11 python3.12 python3.13 python3; do \
	$$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$each && break; \
	done)
else ifneq ($(shell $(PYTHON) $(VERSION_OF)),$(shell test -x $(BIN)/python && $(BIN)/python $(VERSION_OF)))
$(VENV)/.python: another-interpreter
endif

.PHONY: help run serve test test-sqlite journeys torture check format bench-resilience \
	bench bench-growth bench-webhooks lock clean another-interpreter
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/.runtime ## serve on this machine with SQLite: keys, administrator and mail included
	@$(BIN)/python -m plinto.local

serve: $(VENV)/.runtime ## serve as in production; settings come from the environment (docs/settings.md)
	$(BIN)/python manage.py prepare
	exec $(BIN)/python -m plinto.serve

test: $(VENV)/.dev ## run every test, against a real PostgreSQL and a real Redis
	$(BIN)/python -m pytest -n 2 --dist loadgroup $(ARGS)

test-sqlite: $(VENV)/.dev ## run the tests on SQLite without Redis
	PLINTO_TEST_DATABASE=sqlite $(BIN)/python -m pytest -n 2 --dist loadgroup $(ARGS)

journeys: $(VENV)/.dev ## walk every journey in its full length, which takes about half an hour
	JOURNEY_SECONDS=60 JOURNEY_SAMPLES=200 JOURNEY_LOGINS=1000 JOURNEY_REGISTRATIONS=400 \
	JOURNEY_PATIENT=1 JOURNEY_STATES=all JOURNEY_REQUESTS=4000 JOURNEY_ABORTED=1000 JOURNEY_CASES=5000 \
	$(BIN)/python -m pytest -p no:xdist -m journey $(ARGS)

torture: $(VENV)/.dev ## kill web, worker, PostgreSQL and Redis at random moments, 20 rounds, and count what is left
	JOURNEY_ROUNDS=20 $(BIN)/python -m pytest -p no:xdist tests/journeys/test_kill_matrix.py $(ARGS)

check: $(VENV)/.dev ## format, lint, types, layers, migrations, deployment, OpenAPI, duplicates, documents
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(AS_IN_PRODUCTION) $(BIN)/mypy .
	$(BIN)/lint-imports
	$(AS_IN_PRODUCTION) $(BIN)/python manage.py makemigrations --check --dry-run
	$(AS_IN_PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(AS_IN_PRODUCTION) $(BIN)/python manage.py spectacular --validate --fail-on-warn --file /dev/null
	$(BIN)/python -m scripts.duplicate_code
	$(BIN)/python -m pytest -q tests/project
	@echo "All is well: every check passed."

format: $(VENV)/.dev ## format the code and mend what the linter can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

BENCH_VENV ?= .venv-bench
PEERS_VENV ?= .venv-peers

bench: $(VENV)/.dev ## measure Plinto beside djoser, allauth and others; writes docs/performance.md
	@$(MAKE) --no-print-directory VENV=$(PEERS_VENV) $(PEERS_VENV)/.peers
	@! command -v npm >/dev/null || npm ci --prefix benchmarks/peers/better_auth --omit=dev \
		--no-audit --no-fund --silent
	BENCH_PEERS_PYTHON=$(abspath $(PEERS_VENV))/bin/python $(BIN)/python -m benchmarks.performance

bench-growth: $(VENV)/.dev ## measure a million people beside a thousand; writes docs/growth.json
	$(BIN)/python -m benchmarks.growth

bench-resilience: ## measure breaker and cache beside their peers; writes docs/benchmarks.md
	@$(MAKE) --no-print-directory VENV=$(BENCH_VENV) $(BENCH_VENV)/.bench
	$(BENCH_VENV)/bin/python -m benchmarks

bench-webhooks: $(VENV)/.dev ## measure delivering: rate, memory, and what a backlog costs
	$(BIN)/python -m benchmarks.webhooks

LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header

lock: $(VENV)/.dev ## pin the dependencies again, from the .in files
	$(LOCK) requirements.in --output-file requirements.txt
	$(LOCK) requirements-dev.in --output-file requirements-dev.txt
	$(LOCK) requirements-bench.in --output-file requirements-bench.txt
	$(LOCK) requirements-peers.in --output-file requirements-peers.txt

clean: ## remove environments, caches and builds; var/ with its database stays
	rm -rf .venv* build dist htmlcov .coverage* .pytest_cache .mypy_cache .ruff_cache .hypothesis
	rm -rf .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps: an environment is filled again only when the interpreter or its pins changed.
$(VENV)/.python:
	@test -n "$(PYTHON)" || { echo "Plinto needs Python 3.11 or newer." >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/.runtime: $(VENV)/.python requirements.txt
	$(PIP) -r requirements.txt
	@touch $@

$(VENV)/.dev: $(VENV)/.python requirements-dev.txt
	$(PIP) -r requirements-dev.txt
	@touch $(VENV)/.runtime $@

$(VENV)/.bench: $(VENV)/.python requirements-bench.txt
	$(PIP) -r requirements-bench.txt
	@touch $(VENV)/.runtime $(VENV)/.dev $@

# dj-rest-auth is published as source only.
$(VENV)/.peers: $(VENV)/.python requirements-peers.txt
	$(PIP) --no-binary dj-rest-auth -r requirements-peers.txt
	@touch $@
