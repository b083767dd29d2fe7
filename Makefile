# `make setup` makes .venv with everything pinned; `make test` and `make serve` call it themselves.
PYTHON ?= python3
BIN := .venv/bin
export MLFLOW_DISABLE_TELEMETRY := true
export BENTOML_DO_NOT_TRACK := True
export OMP_NUM_THREADS ?= 1

.PHONY: setup setup-spark serve plan test slow proofs mutants bench check docs openapi pictures notebooks notebook-pages requirements sbom audit

setup: .venv/.ready

.venv/.ready: requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ": call make PYTHON=python3.12")'
	@echo "Setting up .venv (about a minute on a fast line)"
	@if command -v uv >/dev/null; then \
		uv venv --quiet --allow-existing --python $(PYTHON) .venv && \
		uv pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.txt && \
		uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e . ; \
	else \
		$(PYTHON) -m venv .venv && \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt && \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . ; \
	fi
	@touch $@

# For `--engine spark` and the tests of it; Java 17 or newer comes from the system (Debian: default-jre-headless).
setup-spark: .venv/.spark-ready

.venv/.spark-ready: ADDED = Spark to .venv (a download of about 450 MB)
.venv/.notebooks-ready: ADDED = JupyterLab to .venv
.venv/.audit-ready: ADDED = pip-audit and the library of CycloneDX to .venv
.venv/.spark-ready .venv/.notebooks-ready .venv/.audit-ready: .venv/.%-ready: requirements/%.txt .venv/.ready
	@echo "Adding $(ADDED)"
	@if command -v uv >/dev/null; then \
		uv pip install --quiet --python $(BIN)/python --require-hashes -r $< ; \
	else \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $< ; \
	fi
	@touch $@

# A service over the example log, from nothing: what is there already is not made again. State is in var/.
SERVED := var/bentoml/models/regulars/latest
PORT ?= 3000

serve: export BENTOML_HOME := $(CURDIR)/var/bentoml
serve: var/scores.parquet var/report/report.html
	$(BIN)/regulars serve --port $(PORT) --scores var/scores.parquet --report var/report/report.html

var/store/manifest.json: examples/online_retail_ii.parquet | .venv/.ready
	$(BIN)/regulars ingest $< --out var/store --replace --timezone Europe/London

$(SERVED): var/store/manifest.json
	$(BIN)/regulars fit var/store --quick
	$(BIN)/regulars promote
	$(BIN)/regulars publish

var/scores.parquet: $(SERVED)
	$(BIN)/regulars score var/store --as-of 2011-12-10 --horizon-days 90 --out $@

var/report/report.html: $(SERVED)
	$(BIN)/regulars compare var/store --out var/report --quick

# A week of visits and offers of a made-up shop, in var/plan.
plan: setup
	@$(BIN)/python examples/planning/shop.py var/plan

# A worker a core, each test file whole in one of them, in the order of tests/conftest.py. WORKERS=0 runs all in one
# process, as a debugger wants it.
WORKERS ?= 2
PARALLEL := -n $(WORKERS) --dist loadfile --no-loadscope-reorder
PACKAGES := features training planning reporting serving monitoring cli regulars

test: setup # the tests but the slow ones, and the examples in docstrings
	@$(BIN)/python -m pytest $(PARALLEL) --durations 15 --doctest-modules tests $(PACKAGES)

slow: setup
	@$(BIN)/python -m pytest $(PARALLEL) -m "slow and not alone"
	@$(BIN)/python -m pytest -m alone

PROOFS ?= tests
proofs: setup # PROOFS=tests/laws/test_kills.py: those of a file
	@$(BIN)/python -m pytest -m proof -s $(PROOFS)

SAMPLE ?= 20
mutants: setup # SAMPLE=0: only those in tests/mutants.toml
	@$(BIN)/python tests/mutants.py --sample $(SAMPLE)

# Every benchmark of benchmarks/small.py, small; tables in var/bench. Peers and data that are not at hand are left out.
bench: export BENTOML_HOME := $(CURDIR)/var/bentoml
bench: setup $(SERVED)
	@$(BIN)/python -m benchmarks.small

check: setup
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

docs: setup # the site in var/site; a warning fails
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

openapi: setup # the description of the service, for generators of clients that have no service at hand
	@$(BIN)/python -m serving.api.openapi docs/openapi.json

# The notebooks in JupyterLab, and their executed copies in the docs.
notebooks: .venv/.notebooks-ready
	@$(BIN)/jupyter lab notebooks

notebook-pages: .venv/.notebooks-ready
	@rm -rf docs/notebooks && $(BIN)/jupyter nbconvert --execute --to markdown --output-dir docs/notebooks notebooks/*.ipynb
	@sed -i 's/\.ipynb)/.md)/g; s#(\.\./docs/#(../#' docs/notebooks/*.md

# The pictures of the report in README.md and the docs, from the example log; needs Debian's chromium.
pictures: var/picture/report.html
	@$(BIN)/python examples/pictures.py $< docs/images

var/picture/report.html: var/store/manifest.json
	$(BIN)/regulars compare var/store --as-of 2011-06-10 --horizon-days 183 --home var/picture --out var/picture

# Pin again what pyproject.toml asks for: exact versions and hashes, and no address of any index. What is pinned stays as
# it is unless it no longer fits; `make requirements UPGRADE=--upgrade` takes the newest versions.
UPGRADE ?=
COMPILE := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --quiet $(UPGRADE) \
	--generate-hashes --no-emit-index-url --no-emit-find-links --no-header

requirements: setup
	$(COMPILE) --extra train --extra serve --extra plan --extra lake --extra telemetry --extra mysql --extra client --group dev -o requirements/dev.txt
	$(COMPILE) --extra spark -c requirements/dev.txt -o requirements/spark.txt
	$(subst compile pyproject.toml,compile,$(COMPILE)) --group service -c requirements/dev.txt -o requirements/service.txt
	$(subst compile pyproject.toml,compile,$(COMPILE)) --group notebooks -c requirements/dev.txt -o requirements/notebooks.txt
	$(subst compile pyproject.toml,compile,$(COMPILE)) --group audit -c requirements/dev.txt -o requirements/audit.txt
	$(subst compile pyproject.toml,compile,$(COMPILE)) --group benchmarks -o requirements/benchmarks.txt
	$(subst compile pyproject.toml,compile,$(COMPILE)) --group serving-peers -o requirements/serving_peers.txt
	$(subst compile pyproject.toml,compile,$(COMPILE)) --group planning-peers -o requirements/planning_peers.txt
	$(subst compile pyproject.toml,compile,$(COMPILE)) --group benchmarks-torch -c requirements/dev.txt -o requirements/benchmarks_torch.txt

# A CycloneDX SBOM of each list of pins, requirements/*.cdx.json; after `make requirements`. A test compares the two.
sbom: .venv/.audit-ready
	@$(BIN)/python requirements/sbom.py

# The pins against a database of advisories, without a network: ADVISORIES is OSV's export for PyPI, which a scheduled
# job downloads (SECURITY.md). IGNORE="--ignore-vuln ID" for one that was looked into.
ADVISORIES ?= var/advisories.zip
IGNORE ?=
audit: .venv/.audit-ready
	@$(BIN)/python requirements/audit.py $(ADVISORIES) $(IGNORE)
