# Timebank. `make` lists what there is to do. From nothing it needs python3 (3.11+), make and git.
ifeq ($(filter oneshell,$(.FEATURES)),)
$(error Timebank needs GNU make 3.82 or newer. On macOS: brew install make, then say gmake instead of make)
endif
SHELL := /bin/bash
.ONESHELL:
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PY ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
UV := 0.13.9
HOST ?= 127.0.0.1
PORT ?= 8000
DEMO ?= 1
FULL ?= 0
RACES ?= 50
TESTS ?=
WORKERS ?= auto
PART ?= 1
SIDES ?= ledger pages api codes writers beside scale
CREW := -n $(WORKERS) --no-loadscope-reorder
export HOST PORT

# Who runs the suite is asked for nothing of the shell they sit in.
TEST_ENV := env -u VAR_DIR -u DATABASE_URL -u BROKER_URL -u REDIS_URL -u SITE_URL -u HOST -u PORT -u PRODUCTION -u DEBUG

.PHONY: help
help: ## list the commands
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r name does; do
		printf '  make %-10s %s\n' "$$name" "$$does"
	done

.PHONY: run
run: $(VENV)/.ok-run ## start Timebank, with a demo community (DEMO=0 without, PORT=8000, HOST=0.0.0.0 for phones on your network)
	@case "$$(echo "$(DEMO)" | tr A-Z a-z)" in
		1|yes|true|on) exec $(BIN)/python manage.py serve --demo ;;
		0|no|false|off|"") exec $(BIN)/python manage.py serve ;;
		*) echo "DEMO must be 1 or 0, not $(DEMO)." >&2; exit 1 ;;
	esac

.PHONY: run-full
run-full: $(VENV)/.ok-run ## start web, workers, beat and relay as separate processes on BROKER_URL, REDIS_URL, DATABASE_URL
	@exec $(BIN)/python deploy/run-full

.PHONY: demo
demo: $(VENV)/.ok-run ## load the demo community (again: changes nothing)
	@$(BIN)/python manage.py migrate --noinput -v0
	exec $(BIN)/python manage.py demo

.PHONY: test
test: $(VENV)/.ok-dev ## run the tests (FULL=1: also on PostgreSQL; TESTS="tests/ledger -x" for some; WORKERS=0 in one process)
	@$(TEST_ENV) RACES=$(RACES) FULL=$(FULL) $(BIN)/python -m pytest $(CREW) $(TESTS)
	if [ "$(FULL)" = 1 ]; then
		echo "Once more, on PostgreSQL"
		$(TEST_ENV) RACES=$(RACES) FULL=1 DATABASE_URL="$$($(BIN)/python -m tests.needs postgresql)" \
			$(BIN)/python -m pytest $(CREW) -m "not browser and not sqlite_only" $(TESTS)
	fi

.PHONY: races
races: $(VENV)/.ok-dev ## run the races whole, on SQLite and on PostgreSQL
	@$(TEST_ENV) RACES=1 FULL=1 $(BIN)/python -m pytest -o faulthandler_timeout=0 $(CREW) -m race $(TESTS)
	if url="$$($(BIN)/python -m tests.needs postgresql)"; then
		$(TEST_ENV) RACES=1 FULL=1 DATABASE_URL="$$url" $(BIN)/python -m pytest -o faulthandler_timeout=0 $(CREW) -m "race and not sqlite_only" $(TESTS)
	fi

.PHONY: mutants
mutants: $(VENV)/.ok-dev ## put faults into the ledger, one at a time, and see that its tests find them
	@$(TEST_ENV) $(BIN)/python -m tests.ledger.mutants

.PHONY: lint
lint: $(VENV)/.ok-dev ## check style, types, templates, floors, settings and locks
	@$(TEST_ENV) BIN=$(BIN) bash deploy/lint.sh

.PHONY: bench
bench: $(VENV)/.ok-dev .venv-bench/.ok ## measure speed, as ratios within one run (PART=20: a twentieth of it; SIDES="ledger pages" for some)
	@for side in $(SIDES); do
		$(TEST_ENV) PART=$(PART) $(BIN)/python -m "bench.$$side"
	done

.PHONY: messages
messages: $(VENV)/.ok-dev ## collect what is to be translated, and compile the catalogues (needs gettext)
	@command -v msgfmt >/dev/null || { echo "This needs gettext. On Debian and Ubuntu: apt-get install gettext" >&2; exit 1; }
	$(BIN)/python manage.py makemessages -l pt_BR --no-obsolete --no-location -i 'var/*' -i '.venv/*' -i 'node_modules/*'
	$(BIN)/python manage.py compilemessages -l pt_BR -v0

.PHONY: vendor
vendor: ## fetch the front end's libraries again, as locked (needs npm)
	@exec bash deploy/vendor.sh

.PHONY: lock
lock: $(BIN)/python ## resolve the dependencies again into the two lock files (needs uv)
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
		pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
		--group dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
		--group pyproject.toml:bench -c requirements-dev.lock -o requirements-bench.lock

.PHONY: clean
clean: ## remove the environment and caches; var/, with your data, stays
	@rm -rf $(VENV) .venv-bench .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './var/*' -prune -exec rm -rf {} +

# --- The environment: made once, mended when a lock changes; uv when it can be had, else pip ---
$(BIN)/python:
	@command -v $(PY) >/dev/null || { echo "Timebank needs Python 3.11 or newer; there is no $(PY) here." >&2; exit 1; }
	if ! $(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
		echo "Timebank needs Python 3.11 or newer; $(PY) is $$($(PY) -V 2>&1 | head -1). Name another one: make PY=python3.12 $(MAKECMDGOALS)" >&2
		exit 1
	fi
	echo "Making $(VENV)"
	if ! why=$$($(PY) -m venv $(VENV) 2>&1); then
		rm -rf $(VENV)
		if $(PY) -c 'import ensurepip' 2>/dev/null; then echo "$$why" >&2; else
			echo "This Python lacks venv. On Debian and Ubuntu: apt-get install python3-venv" >&2
		fi
		exit 1
	fi
	$(BIN)/python -m pip install -q --disable-pip-version-check uv==$(UV) 2>/dev/null || echo "No uv here, so pip does it, more slowly."

$(VENV)/.ok-run: requirements.lock | $(BIN)/python
	@if [ -e $(VENV)/.ok-dev ]; then lock=requirements-dev.lock; else lock=requirements.lock; fi
	$(call install,$$lock)

$(VENV)/.ok-dev: requirements.lock requirements-dev.lock | $(BIN)/python
	@$(call install,requirements-dev.lock)
	touch $(VENV)/.ok-run

# What the bench measures beside us, apart from what Timebank runs on.
.venv-bench/.ok: requirements-bench.lock | $(BIN)/python
	@echo "Making .venv-bench"
	$(BIN)/python -m venv --clear .venv-bench
	if [ -x $(BIN)/uv ]; then
		$(BIN)/uv pip install -q --python .venv-bench/bin/python --require-hashes -r $<
	else
		.venv-bench/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r $<
	fi
	touch $@

define install
echo "Installing what $(1) lists"
if [ -x $(BIN)/uv ]; then
	VIRTUAL_ENV="$$PWD/$(VENV)" $(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r $(1)
else
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r $(1)
fi
touch $@
endef
