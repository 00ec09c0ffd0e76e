# SPDX-License-Identifier: Apache-2.0
# One command per task, the same here and in CI. Every target sets up what it needs; a second run starts at once.

PYTHON ?= python3
VENV ?= .venv
BUILD ?= build/dev
PORT ?= 8000
# Extra arguments, for example: make test PYTEST_ARGS="tests/protocol -k tools"
PYTEST_ARGS ?=
SERVE_ARGS ?=
BENCH_ARGS ?=
# Where `make test-engine` installs vLLM for the CPU (about 2.5 GB, shared between checkouts).
FASTFRONT_ENGINE_VENV ?= $(HOME)/.cache/fastfront/engine-venv

BIN := $(abspath $(VENV))/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
CMAKE := $(BIN)/cmake
EDITABLE := --config-settings=wheel.cmake=false --config-settings=editable.mode=inplace
CPP_FILES = $(shell find $(wildcard src tests fuzz benchmarks) -name '*.cpp' -o -name '*.hpp')

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help serve test test-engine bench lint format develop extensions sanitize sanitize-python fuzz wheel clean

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

serve: extensions  ## Serve the embedded engine (no GPU, no weights) on port 8000
	@exec $(BIN)/fastfront serve --sim --port $(PORT) $(SERVE_ARGS)

test: develop  ## Run the C++, unit, wire and end-to-end tests
	@echo "==> C++ tests"
	@$(BIN)/ctest --test-dir $(BUILD) --output-on-failure --no-tests=error
	@echo "==> Python tests"
	@$(BIN)/python -m pytest --ignore=tests/real_engine $(PYTEST_ARGS)

test-engine: $(VENV)/.dev build/wheel-venv/.installed  ## Compare with vLLM's own server on a real engine (installs vLLM for the CPU)
	@$(PYTHON) tools/engine_env.py "$(FASTFRONT_ENGINE_VENV)"
	@echo "==> Real-engine tests"
	@FASTFRONT_ENGINE_VENV="$(FASTFRONT_ENGINE_VENV)" FASTFRONT_COMMAND="$(abspath build/wheel-venv/bin/fastfront)" \
	    $(BIN)/python -m pytest tests/real_engine $(PYTEST_ARGS)

bench: extensions $(VENV)/.dev  ## Time the parts against plain Python (BENCH_ARGS=); `fastfront bench` measures the whole
	@$(BIN)/python -m pytest -c benchmarks/pytest.ini benchmarks --benchmark-only --benchmark-group-by=group \
	    --benchmark-columns=median,iqr,ops,rounds --benchmark-sort=mean $(BENCH_ARGS)

lint: $(VENV)/.dev  ## Run ruff, mypy and clang-format, changing nothing
	@echo "==> ruff check";         $(BIN)/ruff check .
	@echo "==> ruff format";        $(BIN)/ruff format --check .
	@echo "==> mypy";               $(BIN)/mypy
	@echo "==> clang-format";       $(BIN)/clang-format --dry-run -Werror $(CPP_FILES)

format: $(VENV)/.dev  ## Let ruff and clang-format rewrite the files
	@$(BIN)/ruff check --fix-only --quiet . ; $(BIN)/ruff format .
	@$(BIN)/clang-format -i $(CPP_FILES)

develop: extensions $(VENV)/.dev  ## Set up .venv and build the extensions, C++ tests and fuzz targets
	@grep -q '^FASTFRONT_DEV:BOOL=ON' $(BUILD)/CMakeCache.txt || \
	    { echo "==> Configuring the C++ tests"; $(CMAKE) -S . -B $(BUILD) -DFASTFRONT_DEV=ON --log-level=WARNING; }
	@$(CMAKE) --build $(BUILD)

extensions: $(VENV)/.runtime
	@test -f $(BUILD)/build.ninja || \
	    { echo "==> Configuring the build"; \
	      PATH="$(BIN):$$PATH" $(CMAKE) -S . -B $(BUILD) -G Ninja --log-level=WARNING \
	          -DPython_EXECUTABLE=$(BIN)/python -DCMAKE_MAKE_PROGRAM=$(BIN)/ninja \
	          -DFASTFRONT_INPLACE=ON -DFASTFRONT_WERROR=$(if $(CI),ON,OFF); }
	@$(CMAKE) --build $(BUILD) --target extensions

sanitize: $(VENV)/.runtime  ## Run the C++ tests under ASan and UBSan, then under TSan
	@for sanitizer in address,undefined thread; do \
	    echo "==> C++ tests under $$sanitizer"; \
	    dir=build/sanitize-$$(echo $$sanitizer | tr -d ,); \
	    $(CMAKE) -S . -B $$dir -G Ninja -DCMAKE_MAKE_PROGRAM=$(BIN)/ninja --log-level=WARNING -DCMAKE_BUILD_TYPE=RelWithDebInfo \
	        -DFASTFRONT_PYTHON=OFF -DFASTFRONT_DEV=ON -DFASTFRONT_SANITIZE=$$sanitizer && \
	    $(CMAKE) --build $$dir && \
	    $(BIN)/ctest --test-dir $$dir --output-on-failure --no-tests=error \
	        $$(test $$sanitizer != thread || echo -E ^fuzz) || exit 1; \
	done

# The extensions with ASan and UBSan, in a copy of the package that is imported in place of the editable one.
ASAN_PACKAGE := build/sanitize-python/package
ASAN_TESTS ?= tests/native tests/server/test_connections.py tests/server/test_smuggling.py tests/server/test_framing.py \
    tests/prompt/test_known_chats.py tests/routes/test_express.py tests/parsers/test_json_tools_broken.py \
    tests/e2e/test_express.py tests/e2e/test_details.py tests/e2e/test_parsed_answers.py

sanitize-python: $(VENV)/.dev  ## Run the tests of the extensions under ASan and UBSan (ASAN_TESTS=)
	@PATH="$(BIN):$$PATH" $(CMAKE) -S . -B build/sanitize-python -G Ninja -DCMAKE_MAKE_PROGRAM=$(BIN)/ninja --log-level=WARNING \
	    -DCMAKE_BUILD_TYPE=RelWithDebInfo -DPython_EXECUTABLE=$(BIN)/python -DFASTFRONT_SANITIZE=address,undefined
	@$(CMAKE) --build build/sanitize-python --target extensions
	@rm -rf $(ASAN_PACKAGE) && mkdir -p $(ASAN_PACKAGE) && cp -r src/fastfront $(ASAN_PACKAGE) && rm $(ASAN_PACKAGE)/fastfront/_native/*.so
	@$(CMAKE) --install build/sanitize-python --prefix $(ASAN_PACKAGE) >/dev/null
	@LD_PRELOAD="$$($(CXX) -print-file-name=libasan.so) $$($(CXX) -print-file-name=libstdc++.so)" ASAN_OPTIONS=detect_leaks=0 \
	    $(BIN)/python -c 'import sys; sys.meta_path = [f for f in sys.meta_path if "editable" not in type(f).__module__]; import pytest; sys.exit(pytest.main(sys.argv[1:]))' \
	    -o pythonpath="$(ASAN_PACKAGE) ." -p no:cacheprovider $(ASAN_TESTS) $(PYTEST_ARGS)

fuzz: develop  ## Run every fuzz target for a million inputs (SEED=n for others)
	@for target in $(BUILD)/fuzz/fuzz_*; do \
	    echo "==> $$target"; corpus=fuzz/corpus/$${target##*/fuzz_}; test -d $$corpus || corpus=; \
	    $$target --runs=1000000 --seed=$${SEED:-1} $$corpus || exit 1; \
	done

wheel: $(VENV)/.dev  ## Build the wheel into dist/
	@echo "==> Building the wheel"
	@rm -rf dist && PATH="$(BIN):$$PATH" $(PIP) wheel --quiet --no-deps --no-build-isolation --config-settings=build-dir=build/wheel -w dist .

clean:  ## Remove everything that was built or installed here
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find $(wildcard src tests fuzz benchmarks examples tools) \( -name '__pycache__' -o -name '*.so' \) -prune -exec rm -rf {} +

# Set-up steps, each stamped with a file that is older than what it was made from when it must run again.

$(VENV)/.created:
	@echo "==> Creating $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "fastfront needs Python 3.10 or newer; say which with make PYTHON=python3.12")'
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.runtime: $(VENV)/.created pyproject.toml
	@echo "==> Installing the build tools and what fastfront runs on (about half a minute the first time)"
	@$(PIP) install --quiet $(EDITABLE) -e '.[build]'
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime
	@echo "==> Installing what the tests and checks need"
	@PATH="$(BIN):$$PATH" $(PIP) install --quiet --no-build-isolation $(EDITABLE) -e '.[dev]'
	@# Of xgrammar the part that needs no torch is used (structured/worker.py): 3 GB are left out.
	@$(PIP) install --quiet --no-deps xgrammar==0.2.8 'apache-tvm-ffi>=0.1.11'
	@touch $@

# What a user gets from `pip install`: the real-engine tests run this, not the source tree.
build/wheel-venv/.installed: $(VENV)/.dev $(shell find src CMakeLists.txt cmake -type f -not -name '*.so' -not -name '*.pyc')
	@$(MAKE) --no-print-directory wheel
	@echo "==> Installing the wheel"
	@test -x build/wheel-venv/bin/python || $(PYTHON) -m venv build/wheel-venv
	@build/wheel-venv/bin/python -m pip --disable-pip-version-check install --quiet --force-reinstall --no-deps dist/*.whl
	@build/wheel-venv/bin/python -m pip --disable-pip-version-check install --quiet dist/*.whl
	@build/wheel-venv/bin/python -m pip --disable-pip-version-check install --quiet llguidance==1.7.* outlines_core==0.2.14 oss-harmony==0.0.11 pydantic
	@build/wheel-venv/bin/python -m pip --disable-pip-version-check install --quiet --no-deps xgrammar==0.2.8 'apache-tvm-ffi>=0.1.11'
	@touch $@
