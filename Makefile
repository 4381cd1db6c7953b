# Every target makes what it needs: a fresh Debian with Python >= 3.11, pip and make is enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(PYTHON) -m pip --python $(BIN)/python --disable-pip-version-check --no-input
PACKAGES := integrity storage retention ingest casework api
# pip as root warns that it may break the system's Python; this one only ever writes into .venv.
export PIP_ROOT_USER_ACTION := ignore
# An archive is ten processes, the tests start hundreds. Where the environment forbids Python to keep what it compiled,
# each of them compiles all it imports: two seconds instead of one, every time.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo up check test test-ci test-all quicker guards corpus evaluate fuzz hostile rot torture test-compose test-chaos test-upgrade test-backup screenshots lock clean

# The main job end to end on real footage; ends by itself. FOOTAGE=DIR takes a folder of your own.
demo: $(VENV)/.installed
	$(BIN)/liuhen demo $(if $(FOOTAGE),--footage "$(FOOTAGE)")

# The same system, filled with the demo's cases and kept running on http://127.0.0.1:8000.
up: $(VENV)/.installed
	$(BIN)/liuhen up --demo

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

# In less than ten minutes on two processors. A file stays with one worker, and the longest begin first: tests/scheduling.py. Three workers even for two processors,
# for a third of their time they wait: for a pause to pass, a process to start, a disk.
test: $(VENV)/.installed-dev
	tests/debian-packages
	$(BIN)/pytest -n 3 --dist loadfile --durations=10

# What CI runs, and every change has to pass: forty minutes on two processors, less than ninety on a machine half as quick.
test-ci: export LIUHEN_TESTS := ci
test-ci: test

# Everything, each table of cases whole: an hour. Before a release, and whenever a week has gone by.
test-all: export LIUHEN_TESTS := all
test-all: test

# Chooses anew what `make test` leaves to CI, and CI to `make test-all`. On a machine that has nothing else to do: most of an hour.
quicker: export LIUHEN_TESTS := unlisted
quicker: $(VENV)/.installed-dev
	tests/debian-packages
	$(BIN)/pytest -n 0 --collect-only -q -m thorough > .thorough.txt
	$(BIN)/pytest -n 3 --dist loadfile -vv --durations=0 > .quick-run.txt
	$(BIN)/python -m tests.choosing .quick-run.txt .thorough.txt --quick 1050 --ci 4500

# After a migration: what a database refuses by itself, as `liuhen verify` expects it.
guards: $(VENV)/.installed-dev
	WRITE_GUARDS=1 $(BIN)/pytest -q -n 0 tests/storage/catalog/test_shipped_guards.py::test_the_facts_that_are_shipped_are_those_of_a_migrated_database

# Mutated JPEG, MP4 and TS files through probe and metadata, in the sandbox; tests/fuzz/run.py. `make test` has a few.
COUNT ?= 10000
SEED ?= 1
fuzz: $(VENV)/.installed-dev
	$(BIN)/python -m tests.fuzz.run --count $(COUNT) --seed $(SEED)

# Files that mean harm, through both sandboxes and through a running archive: what leaked, who was called, what others felt of it.
hostile: $(VENV)/.installed-dev
	tests/debian-packages
	$(BIN)/python -m tests.hostile

# Bits flipped and ends cut off in stored objects, in a folder and in S3: liuhen scrub finds each, and nothing else (docs/scrub.md),
# and with a replica heals each (docs/replication.md).
ROT ?= 1000
rot: $(VENV)/.installed-dev
	tests/debian-packages
	ROT=$(ROT) $(BIN)/pytest -q -n 0 tests/contracts/test_scrub.py tests/contracts/test_replica.py

# Everything is killed at every step, and nothing may be lost: docs/reliability.md. An hour and more; `make test` has the short run.
KILLS ?= 1000
torture: $(VENV)/.installed-dev
	tests/debian-packages
	$(BIN)/python -m tests.torture --kills $(KILLS) --seed $(SEED)

# Real media: all of it through the docking agent, sealed as its manifest states; then each played in a real browser,
# by itself and from a running archive under a grant.
CORPUS ?= $(LIUHEN_CORPUS)
corpus: $(VENV)/.installed-dev
	tests/debian-packages
	$(BIN)/python -m tests.corpus.docks "$(CORPUS)"
	$(BIN)/python -m tests.corpus.plays "$(CORPUS)"
	$(BIN)/python -m tests.corpus.served "$(CORPUS)"

# The linker over shifts with known answers: eight seeds it was tuned on, twenty that were held out. Minutes.
evaluate: $(VENV)/.installed-dev
	$(BIN)/python -m tests.evaluation

# The images of docker/ built and run with podman: the demo's story told of the whole stack, and its films played through the TLS
# proxy (docs/deploying.md). BROKER=rabbitmq has the other broker. Needs root, and some 8 GB of room for images in build/compose.
BROKER ?= valkey
test-compose: $(VENV)/.installed-dev
	tests/compose/packages
	tests/debian-packages
	$(BIN)/python -m tests.compose --broker $(BROKER)

# The same containers under uploads and playback that never end: PostgreSQL, the broker, the store, an API node and a custody node
# are killed KILLS times each, and the store is stopped for SECONDS. Nothing may be lost, doubled or altered, and playback fails only
# while what it needs is away (docs/reliability.md). Most of an hour; KILLS=1 SECONDS=20 is a short one.
SECONDS ?= 120
test-chaos: KILLS = 10
test-chaos: $(VENV)/.installed-dev
	tests/compose/packages
	tests/debian-packages
	$(BIN)/python -m tests.compose.chaos --kills $(KILLS) --stop-seconds $(SECONDS) --seed $(SEED) --broker $(BROKER)

# The containers of the release before (FROM=COMMIT, or the newest tag v…) under the same load, brought to this one by docker/upgrade.
FROM ?=
test-upgrade: $(VENV)/.installed-dev
	tests/compose/packages
	tests/debian-packages
	$(BIN)/python -m tests.compose.upgrade --from "$(FROM)" --seed $(SEED) --broker $(BROKER)

# The demo's story on the containers, backed up by docker/backup, lost, and put in place on an empty stack by docker/restore.
test-backup: $(VENV)/.installed-dev
	tests/compose/packages
	tests/debian-packages
	$(BIN)/python -m tests.compose.backup --broker $(BROKER)

# The pictures of the README, taken from the running demo in a real browser.
screenshots: $(VENV)/.installed-dev
	tests/debian-packages
	$(BIN)/python -m tests.screenshots docs/screenshots

# ensurepip is a package of its own on Debian, and Debian's pip refuses the system Python: hence --without-pip and --python.
$(VENV)/bin/python:
	$(PYTHON) -m venv --without-pip $(VENV)

$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(PIP) install --quiet --no-deps --require-hashes -r requirements.lock
	$(PIP) install --quiet --no-deps --editable .
	touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	$(PIP) install --quiet --no-deps --require-hashes -r requirements-dev.lock
	touch $@

# Needs uv. Hashes, no addresses: where packages come from is for whoever installs them to say.
EXPORT := uv export --quiet --no-emit-project --no-header --no-annotate --no-emit-index-url --extra server --group demo
lock:
	uv lock --quiet
	$(EXPORT) --no-group dev --output-file requirements.lock > /dev/null
	$(EXPORT) --no-group dev --extra otel --output-file requirements-otel.lock > /dev/null
	$(EXPORT) --group dev --extra otel --output-file requirements-dev.lock > /dev/null

clean:
	rm -rf $(VENV) build dist
