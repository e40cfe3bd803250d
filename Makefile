PYTHON ?= python3
BIN := .venv/bin

.PHONY: report test lint fast docs runtime dev lock clean

# Both State of App Dev reports; ends by printing where they are.
report: runtime
	@$(BIN)/stateof run state-of-app-dev

# Everything that CI checks.
test: dev lint
	@$(BIN)/python -m pytest -n auto --dist loadfile

# What can be checked in under a minute.
fast: dev
	@$(BIN)/python -m pytest -n auto --dist loadfile -m "not slow"

lint: dev
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

# The documentation as a site that works from a disk; prints where it begins.
docs: runtime
	@$(BIN)/python -m tools.docs

runtime dev:
	@$(PYTHON) tools/set_up.py $@

# New versions of everything: needs uv.
lock:
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-header \
	    --python-version 3.11 --extra dev -o requirements/dev.lock \
	    pyproject.toml requirements/setup.in
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-header \
	    --python-version 3.11 -c requirements/dev.lock -o requirements/runtime.lock \
	    pyproject.toml requirements/setup.in

clean:
	rm -rf .venv build data/*/build data/*/.build.* reports/*/
