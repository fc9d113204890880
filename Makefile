# Needs python3 (3.11 to 3.13) and make; everything else is installed into .venv from the locked requirements.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
PYTEST_ARGS ?=
# every target starts Python many times; without bytecode each start compiles everything
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test interop lint format bench evidence lock docs audit site package clean

help: ## show these targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

$(STAMP): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else "Python 3.11 to 3.13 is needed, this is %d.%d: make PYTHON=python3.12 ..." % v)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(STAMP) ## show calls from a SOAP client to an IMS transaction, then keep the gateway running
	$(BIN)/imsgw demo $(DEMO_ARGS)

test: $(STAMP) ## run the tests; those that need a tool that is missing are skipped with the reason
	$(BIN)/python -m pytest -n 3 --dist loadgroup $(PYTEST_ARGS)

interop: $(STAMP) ## run the suites with SOAP stacks from outside; a missing tool is a failure
	IMSGW_REQUIRE_TOOLS=1 $(BIN)/python -m pytest -m interop tests $(PYTEST_ARGS)

lint: $(STAMP) ## style, types, import rules, stale generated pages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.config_reference --check
	$(BIN)/python -m tools.standin_reference --check
	$(BIN)/python -m tools.attack_table --check
	$(BIN)/python -m tools.code_tables --check
	$(BIN)/python -m tools.management_api --check
	$(BIN)/python -m tools.fault_table --check
	$(BIN)/python -m tools.command_reference --check
	$(BIN)/python -m tools.limits_table --check
	$(BIN)/python -m tools.check_kinds --check
	$(BIN)/python -m tools.metrics_table --check
	$(BIN)/python -m tools.dashboard --check
	$(BIN)/python -m tools.licences --check

format: $(STAMP) ## put the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP) ## measure; results go to bench/results
	$(BIN)/python -m bench

evidence: $(STAMP) ## long runs (fuzzing, load, faults); results go to evidence/ with the commit they were made at
	$(BIN)/python -m bench.evidence

docs: $(STAMP) ## make the generated pages anew
	$(BIN)/python -m tools.config_reference
	$(BIN)/python -m tools.standin_reference
	$(BIN)/python -m tools.attack_table
	$(BIN)/python -m tools.code_tables
	$(BIN)/python -m tools.management_api
	$(BIN)/python -m tools.check_kinds
	$(BIN)/python -m tools.fault_table
	$(BIN)/python -m tools.command_reference
	$(BIN)/python -m tools.limits_table
	$(BIN)/python -m tools.licences
	$(BIN)/python -m tools.metrics_table
	$(BIN)/python -m tools.dashboard

audit: $(STAMP) ## ask for known vulnerabilities of the locked requirements; says so where it cannot be asked
	$(BIN)/python -m tools.audit $(AUDIT_ARGS)

site: $(STAMP) ## build the documentation site into build/site; a link that leads nowhere is a failure
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

lock: $(STAMP) ## resolve the dependencies anew (needs uv in the environment)
	for part in runtime dev; do \
	  uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	    pyproject.toml --extra postgresql --extra migration --extra telemetry $$([ $$part = dev ] && echo --group dev) -o requirements/$$part.txt || exit 1; \
	done

package: $(STAMP) ## build sdist and wheel into dist/
	$(BIN)/python -m hatchling build

clean: ## remove what the targets made
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
