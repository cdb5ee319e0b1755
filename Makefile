# The two commands of the README. Both make a virtual environment and install what pyproject.toml names.
#
#   make demo   train, build, verify and report one small accelerator
#   make test   the whole test suite
#
# PYTHON picks the interpreter (3.11 or newer), VENV the environment's folder.

PYTHON ?= $(shell command -v python3.13 || command -v python3.12 || command -v python3.11 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test lint tools install install-dev clean

demo: install
	$(BIN)/hwgen demo

test: install-dev
	$(BIN)/python -m pytest

lint: install-dev
	$(BIN)/ruff check .
	$(BIN)/mypy

install: $(VENV)/.installed
install-dev: $(VENV)/.installed-dev

$(VENV)/.installed: pyproject.toml | $(BIN)/pip
	$(BIN)/pip install --quiet --editable .
	touch $@

$(VENV)/.installed-dev: pyproject.toml | $(BIN)/pip
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@ $(VENV)/.installed

$(BIN)/pip: | tools
	$(PYTHON) -m venv $(VENV)

# Everything Python comes from the package index; these four do not. Name what is missing and what installs it.
tools:
	@missing=; \
	command -v c++ >/dev/null || missing="$$missing g++"; \
	command -v perl >/dev/null || missing="$$missing perl"; \
	if ! '$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	  missing="$$missing python3 python3-venv"; \
	  echo "hwgen needs Python 3.11 or newer; name it with: make PYTHON=/path/to/python3.11" >&2; \
	elif ! '$(PYTHON)' -c 'import ensurepip' 2>/dev/null; then missing="$$missing python3-venv"; fi; \
	if [ -n "$$missing" ]; then \
	  echo "Missing system tools. Install them with: sudo apt-get install -y$$missing" >&2; exit 1; fi

clean:
	rm -rf $(VENV) build dist
