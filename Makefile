# Every target makes what it needs: a fresh Debian with Python >= 3.11, pip and make is enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(PYTHON) -m pip --python $(BIN)/python --disable-pip-version-check --no-input
# pip as root warns that it may break the system's Python; this one only ever writes into .venv.
export PIP_ROOT_USER_ACTION := ignore

.PHONY: demo up check test clean

demo: $(VENV)/.installed
	$(BIN)/liuhen demo $(if $(FOOTAGE),--footage "$(FOOTAGE)")

up: $(VENV)/.installed
	$(BIN)/liuhen up --demo

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

clean:
	rm -rf $(VENV) build dist
