# Every target makes the virtual environment it needs; python3 with venv is enough,
# and g++ for the compiled kernels.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SOURCES := $(shell find src csrc -type f -not -name '*.so' -not -path '*__pycache__*')

.PHONY: train test check format benchmarks wheel clean

# The main job: install, then train a network on handwritten digits.
train: $(VENV)/.installed
	$(BIN)/tatami train --seed 0

# The tests, on the kernels TATAMI_KERNELS asks for.
test: $(VENV)/.tools
	$(BIN)/python -m pytest -q -n auto tests

check: $(VENV)/.tools
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/clang-format --dry-run --Werror $(shell find csrc -name '*.cpp' -o -name '*.h')
	$(BIN)/python -m pytest -q tests/test_house.py

format: $(VENV)/.tools
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/clang-format -i $(shell find csrc -name '*.cpp' -o -name '*.h')

# Ratios to PyTorch; needs it: make pytorch
benchmarks: $(VENV)/.tools
	$(BIN)/python benchmarks/eager_step.py
	$(BIN)/python benchmarks/kernels.py
	$(BIN)/python benchmarks/install_and_import.py

pytorch: $(VENV)/.tools
	$(BIN)/pip install -q torch==2.13.0

wheel: $(VENV)/.tools
	$(BIN)/pip wheel -q --no-deps -w dist .

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml CMakeLists.txt $(SOURCES)
	$(BIN)/pip install -q --disable-pip-version-check '.[train]'
	@touch $@

$(VENV)/.tools: $(VENV)/.installed
	$(BIN)/pip install -q --disable-pip-version-check '.[train,dev]'
	@touch $@

clean:
	rm -rf $(VENV) build dist runs .pytest_cache .mypy_cache .ruff_cache
