# What one does with this project. `make` alone lists it; Python 3.11 and make are all that `demo` and `test` need.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
# What is compiled or linted.
CODE := passerelles schemas services tests
# The jars of a real Apache Kafka and of the server that stands in for MongoDB, for tests.
JARS := kafka mongo
MAVEN_COPY := org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies
LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --quiet

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo test check bench scaling jars schemas templates format lock clean

help: ## List what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-10s %s\n", $$1, $$2 }'

setup: $(VENV)/.compiled ## Install what running needs into .venv

setup-dev: $(VENV)/.installed-dev $(VENV)/.compiled ## Install what working on the project needs into .venv

$(VENV)/.installed: requirements/runtime.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/runtime.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# Again whenever a compiled function changes: else each of the next processes would compile it, at the same time.
$(VENV)/.compiled: $(VENV)/.installed $(wildcard services/matching/columns/*.py)
	$(BIN)/python -m services.matching.warming
	@touch $@

$(VENV)/.installed-dev: requirements/dev.txt $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

demo: setup ## Run everything in one process on a sample (ARGS=--once to end by itself)
	$(BIN)/passerelles demo $(ARGS)

# More workers than cores, since most of a test on a broker is waiting; loadgroup keeps those that share one together.
test: setup-dev ## Run the tests, on real services too where they can be had (ARGS to pytest)
	$(BIN)/pytest -n 3 --dist loadgroup $(or $(ARGS),tests/unit tests/integration tests/e2e tests/chaos)

check: setup-dev ## Check format, lint, types, layers and the contract
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m schemas.check

bench: setup-dev ## Measure, and write build/bench.json (ONLY=NAME for one)
	$(BIN)/python -m tests.bench $(ONLY)

scaling: setup-dev ## Simulate territories, and write the tables of docs/scaling.md again
	$(BIN)/python -m tests.bench.territories

jars: $(JARS:%=build/jars/%/.copied) ## Fetch a local Apache Kafka and the MongoDB stand-in for tests (Maven)

build/jars/%/.copied: tests/real/jars/%/pom.xml
	rm -rf $(@D)
	mvn --batch-mode --quiet --file $< $(MAVEN_COPY) -DoutputDirectory=$(abspath $(@D))
	@touch $@

schemas: setup-dev ## Generate JSON Schemas and AsyncAPI from the contract again
	$(BIN)/python -m schemas.generate

templates: setup-dev ## Compile the emails from their MJML sources again
	$(BIN)/python -m services.notifications.compiling

format: setup-dev ## Format the code
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

lock: ## Pin in requirements/ what pyproject.toml asks for (ARGS=--upgrade: at newer versions)
	$(PYTHON) -m venv build/lock
	build/lock/bin/pip install --quiet --disable-pip-version-check uv
	build/lock/bin/$(LOCK) $(ARGS) --output-file requirements/runtime.txt pyproject.toml requirements/build.in
	build/lock/bin/$(LOCK) $(ARGS) --output-file requirements/dev.txt --extra dev pyproject.toml requirements/build.in

clean: ## Remove what was installed, generated or measured here
	rm -rf services/matching/columns/__pycache__
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
