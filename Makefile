# Every target makes the virtual environment it needs; python3 with venv is enough,
# and g++ for the compiled kernels.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Kernels for the instruction sets of this machine only: a third of the time less.
INSTALL = $(BIN)/pip install -q --disable-pip-version-check \
  --config-settings=cmake.define.TATAMI_THIS_MACHINE=ON
PEERS := torch==2.13.0 jax onnx onnxruntime
MNIST ?= ../shared/data/mnist
BASE ?= HEAD~1
SOURCES := $(shell find src csrc -type f -not -name '*.so' -not -path '*__pycache__*')

.PHONY: train test check check-native format bench bench-quick compare pytorch wheel clean

# The main job: install, then train a network on handwritten digits.
train: $(VENV)/.installed
	$(BIN)/tatami train --seed 0

# The tests, on the kernels TATAMI_KERNELS asks for.
test: $(VENV)/.tools
	$(BIN)/python -m pytest -q -n auto tests

# The compiled kernels under AddressSanitizer and UBSan, in a copy of the package.
SANITIZED := build/sanitized
SANITIZERS = $(foreach lib,asan ubsan stdc++,$(shell $(CXX) -print-file-name=lib$(lib).so))
check-native: $(VENV)/bin/python
	$(BIN)/pip install -q --disable-pip-version-check cmake hypothesis nanobind ninja \
	  'numpy>=2.0' pytest
	$(BIN)/cmake -S . -B $(SANITIZED) -G Ninja -DTATAMI_SANITIZE=ON \
	  -DTATAMI_THIS_MACHINE=ON \
	  -DCMAKE_MAKE_PROGRAM=$(abspath $(BIN))/ninja \
	  -DPython_EXECUTABLE=$(abspath $(BIN))/python
	$(BIN)/cmake --build $(SANITIZED)
	rm -rf $(SANITIZED)/package && mkdir $(SANITIZED)/package
	cp -r src/tatami $(SANITIZED)/package && rm -f $(SANITIZED)/package/tatami/_native*
	cp $(SANITIZED)/_native* $(SANITIZED)/package/tatami
	LD_PRELOAD="$(SANITIZERS)" ASAN_OPTIONS=detect_leaks=0 TATAMI_KERNELS=native \
	  PYTHONPATH=$(SANITIZED)/package \
	  $(BIN)/python -m pytest -q -p no:cacheprovider tests/test_kernels_*.py \
	  tests/test_compile*.py tests/test_capture_fuzzer.py tests/test_backward_replay.py \
	  tests/test_taking_over.py

check: $(VENV)/.tools
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy --exclude train_mnist_pytorch benchmarks
	$(BIN)/clang-format --dry-run --Werror $(shell find csrc -name '*.cpp' -o -name '*.h')
	$(BIN)/python -m pytest -q tests/test_house.py

format: $(VENV)/.tools
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/clang-format -i $(shell find csrc -name '*.cpp' -o -name '*.h')

# Everything in benchmarks/, beside PyTorch, JAX and ONNX Runtime: about 30 minutes of an
# otherwise idle machine; writes benchmarks/results, the READMEs' tables, docs/benchmarks.svg
bench: $(VENV)/.peers
	$(BIN)/python benchmarks/machine.py --again
	$(BIN)/python benchmarks/suite.py
	$(BIN)/python benchmarks/kernel_grid.py
	-$(BIN)/python benchmarks/operation_overhead.py
	$(BIN)/python benchmarks/optimizer_steps.py
	$(BIN)/python benchmarks/install_and_import.py
	-$(BIN)/python benchmarks/time_to_accuracy.py $(MNIST)
	$(BIN)/python benchmarks/report.py

# The same in two minutes, for a first look.
bench-quick: $(VENV)/.peers
	$(BIN)/python benchmarks/suite.py --quick
	$(BIN)/python benchmarks/kernel_grid.py --quick
	-$(BIN)/python benchmarks/operation_overhead.py --rounds 3

# Did this commit need more instructions than BASE? Counts repeat where times don't.
compare: $(VENV)/.tools
	$(BIN)/python benchmarks/compare_commits.py $(BASE) HEAD

pytorch: $(VENV)/.tools
	$(BIN)/pip install -q torch==2.13.0

wheel: $(VENV)/.tools
	$(BIN)/pip wheel -q --no-deps -w dist .

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml CMakeLists.txt $(SOURCES)
	$(INSTALL) '.[train]'
	@touch $@

$(VENV)/.tools: $(VENV)/bin/python pyproject.toml CMakeLists.txt $(SOURCES)
	$(INSTALL) '.[train,dev]'
	@touch $(VENV)/.installed $@

$(VENV)/.peers: $(VENV)/.tools
	$(BIN)/pip install -q --disable-pip-version-check $(PEERS)
	@touch $@

clean:
	rm -rf $(VENV) build dist runs .pytest_cache .mypy_cache .ruff_cache
