# Every verb a person types. `make` alone prints them.

.DEFAULT_GOAL := help
.PHONY: file-types help setup run test soak bench bench-evening lint format lock schema sample-data screenshots clean

# Compiled once, started fast; an environment that forbids it would make every start compile anew.
export PYTHONDONTWRITEBYTECODE :=

PYTHON_FILES := src tests benchmarks
COMPILE := .tools/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	--no-header --no-emit-index-url --no-emit-find-links

# The development packages contain the service's: once they are there, `make run` is content.
READY := $(or $(wildcard .venv/development.stamp),.venv/service.stamp)

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/development.stamp ## Make .venv with all that development needs

run: $(READY) ## Start AIBC on http://localhost:8000 (HOST and PORT to change it; Ctrl-C to stop)
	@.venv/bin/python -m aibc serve

test: .venv/development.stamp ## Run every test (make test ARGS=tests/accounts for some)
	@.venv/bin/python -m pytest --numprocesses auto --dist loadfile $(ARGS)

soak: .venv/development.stamp ## Run the long tests: minutes of faults and load
	@.venv/bin/python -m pytest -m soak $(ARGS)

bench: .venv/development.stamp ## Measure everything and write docs/performance.md (ARGS=--help)
	@PYTHONPATH=src:. .venv/bin/python -m benchmarks $(ARGS)

bench-evening: .venv/development.stamp ## Measure ten minutes of a busy evening, and an overload
	@PYTHONPATH=src:. .venv/bin/python -m benchmarks --part evening --part overload $(ARGS)

lint: .venv/development.stamp ## Check style and types
	@.venv/bin/python -m ruff check $(PYTHON_FILES)
	@.venv/bin/python -m ruff format --check $(PYTHON_FILES)
	@.venv/bin/python -m mypy

format: .venv/development.stamp ## Put the code in its usual form
	@.venv/bin/python -m ruff check --fix $(PYTHON_FILES)
	@.venv/bin/python -m ruff format $(PYTHON_FILES)

lock: .venv/development.stamp ## Choose newer package versions (UPGRADE=--upgrade) and write the lock files
	$(COMPILE) $(UPGRADE) pyproject.toml --output-file requirements/service.lock
	$(COMPILE) $(UPGRADE) pyproject.toml --group dev --output-file requirements/development.lock

schema: .venv/development.stamp ## Write migrations/schema.sql anew, from the migrations
	@.venv/bin/python -m aibc migrate --dump > migrations/.schema.sql
	@mv migrations/.schema.sql migrations/schema.sql

sample-data: .venv/development.stamp ## Write migrations/sample_data.sql anew, from catalog/
	@.venv/bin/python -m aibc.catalog.sample_data catalog migrations/sample_data.sql

file-types: .venv/development.stamp ## Measure the real files of tests/corpus and write what became of them into docs
	@PYTHONPATH=src:tests .venv/bin/python -m corpus.measure --write

screenshots: .venv/development.stamp ## Take the pictures of docs/ anew, in a Chromium this machine has
	@PYTHONPATH=src:tests .venv/bin/python -m screenshots

clean: ## Remove what was installed and generated; .aibc, your data, stays
	rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build

.venv/service.stamp: requirements/service.lock requirements/tools.lock requirements/sync
	@requirements/sync service

.venv/development.stamp: requirements/development.lock requirements/tools.lock requirements/sync
	@requirements/sync development
