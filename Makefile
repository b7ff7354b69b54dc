# Any Python from 3.11 on: make setup PYTHON=python3.13
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PROJECTS := pyproject.toml sdk/pyproject.toml
PIP := -m pip --disable-pip-version-check --quiet
INSTALL := $(PIP) install --require-hashes --requirement
EDITABLE := $(PIP) install --no-deps --no-build-isolation --editable ./sdk --editable .

.DEFAULT_GOAL := help
.PHONY: help setup run demo interval nodecheck test test-aws test-fast test-sdk deploy outputs destroy publish restore stage-dev changes costs snippets schemathesis pages pictures lint format agreement benchmark lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

ENVIRONMENTS := $(VENV)/.dev $(VENV)-flagd-v2/.ready $(VENV)-schemathesis/.ready $(VENV)-node/.ready $(VENV)-go/.ready $(VENV)-aws/.ready $(VENV)-lambda/.ready

setup: $(ENVIRONMENTS) ## Make all environments at once; tests make those that they need

run: $(VENV)/.run ## Serve on 127.0.0.1:8080 (HOST, PORT and FLAGSTAFF_DATABASE_URL change that)
	@exec $(BIN)/python -m api dev

demo: $(VENV)/.run ## Make the flags of the demo that make run serves at /demo (ARGS="--url URL --key KEY" for another server)
	@$(BIN)/python -m cli.demo $(ARGS)

interval: $(VENV)/.run ## Run the Interval dashboard alone (needs INTERVAL_API_KEY; see docs/interval.md)
	@exec $(BIN)/python -m interval_app

nodecheck: tests/interval/nodecheck/node_modules/.ready ## Get what tests hold the dashboard's pages against (needs npm)

test: $(VENV)/.dev ## Run the tests, side by side on all cores (ARGS="-k name" picks some, ARGS="-n 0" takes turns)
	@$(BIN)/python -m pytest -n auto --dist loadfile --ignore=tests/aws --ignore=tests/infra $(ARGS)

test-aws: $(VENV)/.dev ## Run the tests of the functions in an emulated AWS, and of the Pulumi program
	@$(BIN)/python -m pytest -n auto --dist loadfile tests/aws tests/infra $(ARGS)

test-fast: $(VENV)/.dev ## Run the tests that start no servers, browsers, other languages or AWS
	@$(BIN)/python -m pytest -m "not process" -n auto --dist loadfile $(ARGS)

SDK_TESTS := tests/sdk/client tests/sdk/test_resolution.py tests/sdk/engine/test_unicode.py
test-sdk: $(VENV)-sdk-oldest/.ready $(VENV)-sdk-newest/.ready ## Test the SDK with the oldest and the newest releases that it allows
	@for age in oldest newest; do \
	    echo "With the $$age releases of what the SDK requires:"; \
	    PYTHONPATH=$(CURDIR)/sdk/src PYTEST_PLUGINS=flagstaff.pytest_plugin $(VENV)-sdk-$$age/bin/python -m pytest --confcutdir=tests/sdk \
	        --override-ini=markers=process --quiet -p no:cacheprovider $(SDK_TESTS) $(ARGS) || exit 1; \
	done

deploy: ## Deploy a stage into your AWS account, show its keys, evaluate a flag (STAGE=dev; YES=1 asks nobody)
outputs: ## Show where a stage is, and its first keys (STAGE=dev)
destroy: ## Remove a stage from your AWS account (STAGE=dev; YES=1 asks nobody)
publish: ## Publish a stage's flags and keys again, from its database (STAGE=dev)
restore: ## Take a stage's database back to a time or a snapshot (STAGE=dev, TO=2026-11-27T03:00:00Z, TO=latest or TO=NAME)
deploy outputs destroy publish restore:
	@[ -n "$(STAGE)" ] || { echo "which stage? make $@ STAGE=dev" >&2; exit 2; }
	@PYTHONPATH=infra $(PYTHON) -m commands $@ $(STAGE) $(if $(YES),--yes) $(if $(TO),--to $(TO))

stage-dev: $(VENV)/.run ## Serve here with the database and the bucket of a stage (STAGE=dev; HOST and PORT as for run)
	@[ -n "$(STAGE)" ] || { echo "which stage? make $@ STAGE=dev" >&2; exit 2; }
	@PYTHONPATH=infra exec $(BIN)/python -m commands $@ $(STAGE)

changes: $(VENV)/.dev ## Plan and apply a stage, and changes to it, in an emulated AWS, where terraform is
	@FLAGSTAFF_CHANGES=1 $(BIN)/python -m pytest -n auto --dist loadfile tests/infra/test_changes.py tests/infra/test_changes_with_guests.py $(ARGS)

costs: ## Write what a stage costs into docs/aws.md, from the prices in infra/costs
	@PYTHONPATH=infra $(PYTHON) -m costs

pages: $(VENV)/.dev ## Try the console in a browser: every flow, every page in all widths and schemes, and axe-core
	@FLAGSTAFF_CONSOLE_PAGES=1 $(BIN)/python -m pytest -n auto --dist load tests/e2e/test_console*.py $(ARGS)

pictures: $(VENV)/.dev ## Make the pictures of docs/console.md, where chromium is
	@FLAGSTAFF_CONSOLE_PAGES=1 FLAGSTAFF_DOCS_PICTURES=1 $(BIN)/python -m pytest tests/e2e/test_console_pages.py -k docs $(ARGS)

schemathesis: $(VENV)/.dev ## Hold the running service against its own OpenAPI document
	@FLAGSTAFF_SCHEMATHESIS=1 $(BIN)/python -m pytest tests/e2e/test_schemathesis.py $(ARGS)

snippets: $(VENV)/.dev ## Build and run the documentation's snippets for Go, Java and Rust, where they are installed
	@FLAGSTAFF_SNIPPETS=1 FLAGSTAFF_CONSOLE_PAGES=1 $(BIN)/python -m pytest tests/docs/test_openfeature_languages.py tests/e2e/test_console_snippets.py -k 'not javascript and not curl' $(ARGS)

lint: $(VENV)/.dev ## Check style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(VENV)/.dev ## Put the code in the project's format
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format .

agreement: $(VENV)/.dev ## Compare the engine with other evaluators of flagd documents, on 100,000 generated pairs each
	@FLAGSTAFF_AGREEMENT_EXAMPLES=100000 $(BIN)/python -m pytest tests/sdk/engine/test_agreement.py tests/agreement $(ARGS)

benchmark: $(VENV)/.benchmarks $(VENV)/.dev $(VENV)-fast-feature/.ready $(VENV)-unleash/.ready ## Measure speed and scale beside peers (ARGS="engine" picks one; BASE=COMMIT adds a commit)
	@BASE=$(BASE) $(BIN)/python -m benchmarks $(ARGS)

lock: ## Pin the newest versions of all requirements (needs uv)
	@for name in run dev benchmarks fast-feature flagd-v2 go schemathesis infra aws lambda evaluation control admin service; do \
	    uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
	        --no-emit-index-url requirements/$$name.in --output-file requirements/$$name.txt || exit 1; \
	done
	@for age in highest lowest-direct; do \
	    uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	        --resolution $$age sdk/pyproject.toml requirements/sdk.in \
	        --output-file requirements/sdk-$$([ $$age = highest ] && echo newest || echo oldest).txt || exit 1; \
	done

clean: ## Remove the environments and caches; the data of `make run` stays
	@rm -rf $(VENV) $(VENV)-flagd-v2 $(VENV)-schemathesis $(VENV)-node $(VENV)-go $(VENV)-aws $(VENV)-lambda $(VENV)-fast-feature $(VENV)-unleash $(VENV)-sdk-oldest $(VENV)-sdk-newest .venv-infra build dist sdk/build sdk/dist
	@rm -rf .base && git worktree prune
	@rm -rf tests/interval/nodecheck/node_modules .hypothesis .mypy_cache .pytest_cache .ruff_cache *.egg-info sdk/src/*.egg-info
	@find api benchmarks cli db infra interval_app sdk tests -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

# One stamp for each set of requirements; a stamp newer than its files means that there is nothing to install.
$(VENV)/.run: requirements/run.txt $(PROJECTS) | $(BIN)/python
	@echo "Installing what the service needs ..."
	@$(BIN)/python $(INSTALL) requirements/run.txt
	@$(BIN)/python $(EDITABLE)
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	@echo "Installing what tests and checks need ..."
	@$(BIN)/python $(INSTALL) requirements/dev.txt
	@touch $@

$(VENV)/.benchmarks: requirements/benchmarks.txt $(VENV)/.run
	@echo "Installing the peers to measure ..."
	@$(BIN)/python $(INSTALL) requirements/benchmarks.txt
	@touch $@

$(VENV)-fast-feature/.ready: requirements/fast-feature.txt | $(VENV)-fast-feature/bin/python
	@$(VENV)-fast-feature/bin/python $(INSTALL) requirements/fast-feature.txt
	@touch $@

# Without npm, Unleash is left out of the benchmarks.
$(VENV)-unleash/.ready: benchmarks/unleash/package.json
	@command -v npm >/dev/null || exit 0; \
	    mkdir -p $(@D) && cp $< $(@D)/ && \
	    npm install --prefix $(@D) --no-package-lock --no-audit --no-fund --silent && touch $@

tests/interval/nodecheck/node_modules/.ready: tests/interval/nodecheck/package.json
	@npm install --prefix $(<D) --no-package-lock --no-audit --no-fund --silent
	@touch $@

$(VENV)-flagd-v2/.ready: requirements/flagd-v2.txt | $(VENV)-flagd-v2/bin/python
	@echo "Installing the reference evaluator ..."
	@$(VENV)-flagd-v2/bin/python $(INSTALL) requirements/flagd-v2.txt
	@touch $@

$(VENV)-sdk-oldest/.ready $(VENV)-sdk-newest/.ready: $(VENV)-sdk-%/.ready: requirements/sdk-%.txt | $(VENV)-sdk-%/bin/python
	@$(VENV)-sdk-$*/bin/python $(INSTALL) $<
	@touch $@

$(VENV)-schemathesis/.ready: requirements/schemathesis.txt | $(VENV)-schemathesis/bin/python
	@echo "Installing what checks the HTTP API against its own description ..."
	@$(VENV)-schemathesis/bin/python $(INSTALL) requirements/schemathesis.txt
	@touch $@

# Without npm the tests of the JavaScript clients are skipped, and say so.
$(VENV)-node/.ready: tests/openfeature/node/package.json
	@command -v npm >/dev/null || exit 0; \
	    echo "Installing the OpenFeature packages for JavaScript ..."; \
	    mkdir -p $(@D) && cp $< $(@D)/ && \
	    npm install --prefix $(@D) --no-package-lock --no-audit --no-fund --silent && touch $@

# Without Go, or with an older one, the comparison with flagd itself is skipped, and says so.
GO_VERSION := 1.25
$(VENV)-go/.ready: $(wildcard tests/agreement/go/*)
	@command -v go >/dev/null || exit 0; \
	    cd $(<D) && found=$$(go env GOVERSION); \
	    if [ "$$(printf 'go%s\n' $(GO_VERSION) "$${found#go}" | sort -V | head -n 1)" != go$(GO_VERSION) ]; then \
	        echo "Not building flagd's evaluator: it needs Go $(GO_VERSION) or newer, and this is $$found"; exit 0; \
	    fi; \
	    echo "Building flagd's evaluator for Go ..."; \
	    go build -o $(CURDIR)/$(@D)/flagd . && touch $(CURDIR)/$@

$(VENV)-aws/.ready: requirements/aws.txt | $(VENV)-aws/bin/python
	@echo "Installing an AWS to test against, and Pulumi ..."
	@$(VENV)-aws/bin/python $(INSTALL) requirements/aws.txt
	@touch $@

$(VENV)-lambda/.ready: requirements/lambda.txt | $(VENV)-lambda/bin/python
	@echo "Installing Lambda's runtime client ..."
	@$(VENV)-lambda/bin/python $(INSTALL) requirements/lambda.txt
	@touch $@

$(VENV)/bin/python $(VENV)-flagd-v2/bin/python $(VENV)-schemathesis/bin/python $(VENV)-aws/bin/python $(VENV)-lambda/bin/python $(VENV)-fast-feature/bin/python $(VENV)-sdk-oldest/bin/python $(VENV)-sdk-newest/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not there: install Python 3.11 or newer, or name one with PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo "Flagstaff needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) -V 2>&1): name another with PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	    || { echo "$(PYTHON) has no venv module: on Debian or Ubuntu, apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(@D:/bin=)
