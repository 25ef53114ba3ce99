# Two commands are all a newcomer needs: `make run` and `make test`.
# Everything is installed into .venv from requirements.lock; nothing else on the machine changes.

PYTHON ?= python3
CONFIG ?= config/project.yaml
DATA_DIR ?= data
VENV   := .venv
BIN    := $(VENV)/bin

# Nothing we depend on may call home.
export DAGSTER_HOME ?= $(CURDIR)/.dagster
export GX_ANALYTICS_ENABLED := false
export DO_NOT_TRACK := 1
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
# Where the machine forbids it, every process would compile all of our modules again.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test typed tested dev dbt-docs superset lint format schemas lock setup setup-bench clean

run: setup
	$(BIN)/territory run --config $(CONFIG) $(ARGS)

# Types are checked beside the tests: 45 s of one core that would hold up both.
test: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@$(MAKE) --no-print-directory -j 2 typed tested

typed:
	$(BIN)/mypy

# Files stay whole, because their tests share what they set up; tests/conftest.py orders them.
tested:
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

dev: export TERRITORY_CONFIG := $(abspath $(CONFIG))
dev: setup
	@mkdir -p $(DAGSTER_HOME)
	@cp -n config/dagster.yaml $(DAGSTER_HOME)/dagster.yaml 2>/dev/null || true
	@$(BIN)/territory serve --config $(CONFIG) & pages=$$!; trap "kill $$pages 2>/dev/null" EXIT; \
		$(BIN)/dagster dev --workspace workspace.yaml --host 127.0.0.1 --port 3000

# The site of dbt, as one file, from the working database of the last run.
dbt-docs: setup
	TERRITORY_WAREHOUSE=$(abspath $(DATA_DIR))/working/warehouse.duckdb $(BIN)/dbt --quiet docs generate --static \
		--project-dir dbt_project --profiles-dir dbt_project
	@echo dbt_project/target/static_index.html

# Apache Superset with a dashboard over what is published, in an environment of its own.
superset:
	docs/superset/start.sh $(DATA_DIR)

lint: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/mypy

schemas: setup
	$(BIN)/python -m pipelines.settings.schemas

lock:
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
		--no-strip-extras --generate-hashes \
		--no-emit-index-url --no-header -o requirements.lock
	uv pip compile pyproject.toml --extra bench --universal --python-version 3.11 \
		--constraint requirements.lock --no-strip-extras --generate-hashes \
		--no-emit-index-url --no-header -o requirements-bench.lock

# Adds the rival solvers that benchmarks/ compares with.
setup-bench: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.lock

setup: $(VENV)/.installed dbt_project/target/manifest.json

# The stamp carries the lock's time: a changed lock installs again, an unchanged one costs nothing.
# pip would compile the 17,000 modules one after the other; compileall uses every core.
$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] < (3, 11) or sys.version_info[:2] > (3, 13))' \
		|| { echo "Python 3.11, 3.12 or 3.13 is needed; set PYTHON=/path/to/python3.x"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q -j 0 $(VENV)/lib >/dev/null || true
	$(BIN)/python -m optimization.compile
	@touch $@

dbt_project/target/manifest.json: $(VENV)/.installed $(shell find dbt_project -type f -not -path '*/target/*' -not -path '*/logs/*' 2>/dev/null)
	$(BIN)/dbt --quiet parse --project-dir dbt_project --profiles-dir dbt_project
	@touch $@

clean:
	rm -rf $(VENV) .dagster dbt_project/target dbt_project/logs data
