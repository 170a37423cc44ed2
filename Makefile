# Every target works in a fresh clone with git, make and Python 3.11 or later.
HOST ?= 127.0.0.1
PORT ?= 8000
INSTANCE ?= instance
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN = .venv/bin

export SYNC2SYS_INSTANCE = $(INSTANCE)
# Images for containers set it. Each process that a test starts would then compile all modules anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo run worker test golden lint fix types check bench lock clean

help: ## Show what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  HOST, PORT and INSTANCE choose address and data folder: make run PORT=9000 INSTANCE=/srv/sync2sys"

demo: .venv/run ## A demo shop, mirrored and published, until Ctrl-C
	@$(BIN)/python -m sync2sys.demo --host $(HOST) --port $(PORT)

run: .venv/run ## The service, web and worker, for your own stores
	@$(BIN)/flask serve --host $(HOST) --port $(PORT)

worker: .venv/run ## Only a worker, for more machines on one database
	@$(BIN)/flask worker

test: .venv/dev .venv/shopify ## All tests; those that need a server run where there is one
	@$(BIN)/pytest -n 3 --dist worksteal $(TESTS)
	@$(BIN)/python tests/mariadb.py $(TESTS)

golden: .venv/dev .venv/shopify ## Write the golden files and the made pages of docs/ anew; read the difference
	@SYNC2SYS_TEST_GOLDEN=update $(BIN)/pytest -q $$(grep -rl --include='test_*.py' 'tests.golden' tests)

lint: .venv/dev ## Format, lint and layering
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports

fix: .venv/dev ## Mend what can be mended without thinking
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: .venv/dev ## Static types
	@$(BIN)/mypy

check: lint types test ## What CI runs

bench: .venv/dev .venv/shopify ## Speed and memory as ratios against the limit, measured in one run
	@$(BIN)/python -m bench

lock: .venv/dev ## Pin the newest versions that fit setup.cfg
	@$(BIN)/python -m pip install -q uv
	@$(BIN)/uv pip compile -q -U --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--extra mysql --extra redis --custom-compile-command "make lock" -o requirements.lock setup.cfg
	@$(BIN)/uv pip compile -q -U --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--extra dev -c requirements.lock --custom-compile-command "make lock" -o requirements-dev.lock setup.cfg

clean: ## Remove the environment and caches, never data
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

.venv/bin/python:
	@echo "Making .venv with $(PYTHON)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Sync2Sys needs Python 3.11 or later; set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "Python cannot make environments; on Debian: apt install python3-venv"; exit 1; }

.venv/run: requirements.lock | .venv/bin/python
	@echo "Installing the locked versions (once)"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

.venv/dev: requirements-dev.lock .venv/run
	@echo "Installing the tools for tests (once)"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

# In the place of a server for the tests: without npm those that need it are skipped.
.venv/shopify: tests/shops/shopify/fetch.py | .venv/dev
	@$(BIN)/python -m tests.shops.shopify.fetch $(if $(filter required,$(SYNC2SYS_TEST_SERVERS)),--required)
