# Targets are short; the logic is in scripts that have tests. Everything made lies in .cache, .venv and build.
SHELL := /bin/bash
PY := .venv/bin/python
.DEFAULT_GOAL := help
.PHONY: help venv packages demo test check fix generate lock rules cluster cluster-down train evaluate-models clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

venv: .venv/.made ## make .venv with .venv/bin/meninx (no torch)
.venv/.made: requirements.lock pyproject.toml
	tools/venv.sh .venv requirements.lock

.cache/venv-train/.made: requirements-train.lock pyproject.toml
	tools/venv.sh .cache/venv-train requirements-train.lock

packages: ## install the Debian packages that tests and demo use (root)
	tools/packages.sh tests/packages.txt

demo: venv packages ## the main job, from a scanner's study to the segmentation in the PACS
	$(PY) -m tests.demo

test: venv packages ## every tier of tests, each with its time; in CI a skipped tier fails
	$(PY) -m tests.tiers

check: venv ## lint, types, contracts, generated files
	$(PY) -m tests.tiers check

fix: venv ## format and mend what ruff can
	.venv/bin/ruff format && .venv/bin/ruff check --fix

generate: venv ## write what is generated: CRDs, and their like in the chart
	.venv/bin/meninx crds --out crds/ --chart charts/meninx/templates/crds.yaml
	cp model-images/unet-meningioma/aimodel.yaml charts/meninx/models/unet-meningioma.yaml
	$(PY) tools/chart_readme.py
	$(PY) -m tools.reasons_page > docs/reference/reasons.md
	$(PY) -m tools.inferencejob_page > docs/reference/inferencejob.md
	$(PY) -m tools.metrics_page > docs/reference/metrics.md
	$(PY) -m tools.dashboards
	$(PY) -m tools.failures_page > docs/reference/failures.md

rules: venv ## the eight rules and the tests that hold each
	$(PY) tools/rules.py

lock: venv ## resolve the lock files anew
	tools/lock.sh

cluster: venv ## bring the one-node cluster up
	python3 tests/cluster/cluster.py up

cluster-down: ## take the one-node cluster down
	python3 tests/cluster/cluster.py down

train: .cache/venv-train/.made venv ## train the shipped models from nothing (hours on a CPU; resumes; MODEL=unet-meningioma: one)
	model-images/train.sh $(MODEL)

evaluate-models: .cache/venv-train/.made venv ## measure the shipped weights on unseen phantoms
	model-images/evaluate.sh $(MODEL)

bench-%: venv packages ## figures into build/bench (bench-path)
	$(PY) -m tests.bench.$*

clean: ## take the cluster down and remove all that was made
	-[ ! -d .cache/cluster ] || python3 tests/cluster/cluster.py down
	rm -rf .cache .venv build out meninx.egg-info .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	rm -rf --one-file-system /run/meninx-buildah
