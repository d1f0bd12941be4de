# PureLaka. `make` alone lists what there is to make.
SHELL := /bin/sh
.DEFAULT_GOAL := help
PY := .venv/bin/python

.PHONY: help demo test gates drills simulate mutants fmt bench bench-figures bench-inbox bench-import bench-snapshots bench-exports contact-sheet lock clean venv venv-dev

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv:
	@PYTHON="$(PYTHON)" sh tools/venv.sh requirements.txt

venv-dev:
	@PYTHON="$(PYTHON)" sh tools/venv.sh requirements-dev.txt

demo: venv ## The shop with believable trade at http://127.0.0.1:8000 (PORT= chooses another)
	@$(PY) -m tools.demo

test: venv-dev ## Every gate, the suite on SQLite and on PostgreSQL, and a real browser (CHROMIUM= or PATH)
	@$(PY) -m tools.run_tests

gates: venv-dev ## The release gates: PASS, FAIL or NOT RUN (MILESTONE=m2: in a clean clone, with its record)
	@MILESTONE="$(MILESTONE)" $(PY) -m tools.run_gates

drills: venv-dev ## What takes longer than a test may: kill, restore, soak
	@$(PY) -m pytest -m drill

simulate: venv-dev ## Random trade under faults (SEEDS=2000 of them, or SEED=123 alone with its trace)
	@$(PY) -m tools.simulate --seeds $(or $(SEEDS),200) $(if $(SEED),--seed $(SEED))

mutants: venv-dev ## Change the pure modules one thing at a time; 85 % of the changes must fail a test
	@$(PY) -m tools.mutants

fmt: venv-dev ## Format and mend code and templates
	@$(PY) -m tools.format

bench: venv-dev ## Requests a second of the busiest pages beside a bare view, on PostgreSQL
	@$(PY) -m bench.serve

bench-figures: venv-dev ## Import, snapshot build and export at 200,000 orders beside their bare SQL (ORDERS=)
	@$(PY) -m bench.figures --orders $(or $(ORDERS),200000)

bench-snapshots: venv-dev ## Builds and the dashboard at a million orders and a quarter of them, beside bare SQL (ORDERS=)
	@$(PY) -m bench.snapshots --orders $(or $(ORDERS),1000000)

bench-exports: venv-dev ## The orders export at a million orders beside COPY, and on SQLite (ORDERS=)
	@$(PY) -m bench.exporting --orders $(or $(ORDERS),1000000)

bench-inbox: venv-dev ## Signed events accepted and worked off a second, beside a bare view that inserts (ORDERS=)
	@$(PY) -m bench.inbox --orders $(or $(ORDERS),300)

bench-import: venv-dev ## A history with every type of line brought in, and the same files once more (ORDERS=)
	@$(PY) -m bench.moving_in --orders $(or $(ORDERS),100000)

contact-sheet: venv-dev ## Pictures of every page, light and dark, phone and desk, into docs/contact-sheet/
	@$(PY) -m tools.contact_sheet

lock: venv-dev ## Resolve requirements*.in into the hashed locks again (UPGRADE=1 takes newer versions)
	@sh tools/lock.sh

clean: ## Remove the virtual environment, caches and build output; the demo's data and .env stay
	rm -rf .venv staticfiles htmlcov .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
