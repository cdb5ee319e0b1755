# The commands of the README. Each makes a virtual environment and installs what pyproject.toml names.
#
#   make demo    train, build, verify and report one small accelerator
#   make test    the test suite, but for the programs of tests/faults
#   make faults  these: users' odd files and machines, commands as processes
#   make quick   without slow tests and Verilator's
#   make prove   formal proofs of the RTL; make prove-mutants also plants the faults that they must refute
#
# PYTHON picks the interpreter (3.11 or newer), VENV the environment's folder, JOBS how many tests run at once;
# PIP_OPTIONS goes to pip install, such as --index-url, --no-index or --find-links.

# A name on PATH may be a shim that leads nowhere: take the first interpreter that runs and is new enough.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
  $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
VENV ?= .venv
PIP_OPTIONS ?=
BIN := $(VENV)/bin

# A file's tests stay in one process, for they share what its fixtures built; tests/conftest.py puts slow files first.
JOBS ?= logical
PYTEST := $(BIN)/python -m pytest -n $(JOBS) --dist loadscope --no-loadscope-reorder

# Tests start many processes: what one compiled to bytecode, the others read.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test faults quick lint prove prove-mutants bitstreams bitstream-smallest tools install install-dev \
	install-prove install-bitstreams constraints clean

demo: install
	$(BIN)/hwgen demo

test: install-dev
	$(PYTEST) --ignore tests/faults

# Programs share little and take seconds to a minute: whoever is free takes the next.
faults: install-dev
	$(PYTEST) --dist worksteal tests/faults

quick: install-dev
	$(PYTEST) -m "not slow and not verilator"

lint: install-dev
	$(BIN)/ruff check .
	$(BIN)/mypy

prove: install-prove
	$(BIN)/python -m formal

prove-mutants: install-prove
	$(BIN)/python -m formal --mutants

# Hours: place and route is WebAssembly. The smallest takes minutes.
bitstreams: install-bitstreams
	test -f build/digits.pt || $(BIN)/hwgen train --data digits -o build/digits.pt
	$(BIN)/python bench/bitstreams.py

bitstream-smallest: install-bitstreams
	$(BIN)/python bench/bitstreams.py --only smallest-ulx3s --results build/bitstream-smallest.jsonl

install: $(VENV)/.installed
install-dev: $(VENV)/.installed-dev
install-prove: $(VENV)/.installed-prove
install-bitstreams: $(VENV)/.installed-bitstreams

$(VENV)/.installed: pyproject.toml | $(BIN)/pip
	$(BIN)/pip install --quiet $(PIP_OPTIONS) --editable .
	touch $@

$(VENV)/.installed-dev: pyproject.toml | $(BIN)/pip
	$(BIN)/pip install --quiet $(PIP_OPTIONS) --editable '.[dev]'
	touch $@ $(VENV)/.installed

$(VENV)/.installed-prove: pyproject.toml | $(BIN)/pip
	$(BIN)/pip install --quiet $(PIP_OPTIONS) --editable '.[prove]'
	touch $@ $(VENV)/.installed

$(VENV)/.installed-bitstreams: pyproject.toml | $(BIN)/pip
	$(BIN)/pip install --quiet $(PIP_OPTIONS) --editable '.[bitstreams]'
	touch $@ $(VENV)/.installed

$(BIN)/pip: | tools
	$(PYTHON) -m venv $(VENV)

# cocotb loads the shared Python library into the simulator; Debian packages it apart from the interpreter.
define LIBPYTHON
import ctypes, pathlib, sys, sysconfig
name = sysconfig.get_config_var("INSTSONAME") or ""
path = pathlib.Path(sysconfig.get_config_var("LIBDIR") or "", name)
try:
    ".so" in name and ctypes.CDLL(str(path) if path.is_file() else name)
except OSError:
    print(f"libpython{sys.version_info.major}.{sys.version_info.minor}")
endef
export LIBPYTHON

# Everything Python comes from the package index; these do not. Name what is missing and what installs it.
tools:
	@missing=; \
	command -v c++ >/dev/null || missing="$$missing g++"; \
	if ! '$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	  missing="$$missing python3 python3-venv"; \
	  echo "hwgen needs Python 3.11 or newer; name it with: make PYTHON=/path/to/python3.11" >&2; \
	elif ! '$(PYTHON)' -c 'import ensurepip' 2>/dev/null; then missing="$$missing python3-venv"; \
	else missing="$$missing$$('$(PYTHON)' -c "$$LIBPYTHON" | sed 's/^/ /')"; fi; \
	if [ -n "$$missing" ]; then \
	  echo "Missing system tools. Install them with: sudo apt-get install -y$$missing" >&2; exit 1; fi

clean:
	rm -rf $(VENV) build dist

# The versions that the tests ran with: constraints.txt. A build of PyTorch is not told from another.
constraints: install-dev
	{ echo "# Versions that the tests ran with; made by: make constraints"; \
	  $(BIN)/pip freeze --exclude-editable | sed 's/+cpu$$//'; } > constraints.txt
