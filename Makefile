# One word runs everything; `make help` lists the words.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/python -m uv
INSTALL := $(UV) pip install --quiet --python $(BIN)/python --compile-bytecode --constraint constraints.txt
SERVING := $(VENV)/.serving
WHOLE := $(VENV)/.whole
TOOLS := $(VENV)/.tools
PORT ?= 8000
# What images are built on in the cloud; the template names the same.
BASE ?= public.ecr.aws/docker/library/python:3.11-slim-bookworm

.DEFAULT_GOAL := help
.PHONY: help serve test env check contract stack real browser images sbom audit bench pr clean

help:  ## list these words
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  \1\t/' | expand -t 18

# `make serve AWS_LOCAL=1`: on buckets, keys and tables in memory, as the stack would have them.
serve: $(if $(AWS_LOCAL),$(WHOLE),$(SERVING))  ## serve the phone page and the API on 127.0.0.1:$(PORT), with the model that ships
	@$(BIN)/python -m functions serve --port $(PORT) $(if $(AWS_LOCAL),--aws-local)

test: $(WHOLE)  ## the quick tests
	$(BIN)/python -m pytest tests --ignore tests/contract --ignore tests/real --ignore tests/browser --ignore tests/stack

env: $(WHOLE)  ## the whole development environment, in .venv

check: $(WHOLE)  ## style, types, who may import whom
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

contract: $(WHOLE)  ## the OpenAPI document, API Gateway's events, the Lambda runtime emulator, SageMaker's folders
	$(BIN)/python -m pytest tests/contract

tools: $(TOOLS)  ## SAM and the linters of the stack, each in an environment of its own

stack: $(WHOLE) $(TOOLS)  ## the template: its linters, what SAM makes of it, its policies, its state machines
	infra/lint.sh
	$(BIN)/python -m pytest tests/stack -rs

sbom: $(WHOLE) $(TOOLS)  ## what is in each image, as CycloneDX, in build/sbom
	@$(VENV)/sbom/bin/python infra/sbom.py

audit: $(TOOLS)  ## known faults of the pinned packages
	@$(PYTHON) infra/audit.py

real: $(WHOLE)  ## the tests on real photos; skipped where the data is not
	$(BIN)/python -m pytest tests/real -rs

browser: $(WHOLE)  ## the phone page in Chromium
	$(BIN)/python -m pytest tests/browser -rs

images: $(WHOLE)  ## build the images whose inputs changed, and run them as Lambda and SageMaker do (root, buildah)
	$(BIN)/python infra/images.py

push-training:  ## build the training image with Docker and push it: make push-training REPOSITORY=<account>.dkr.ecr...
	@test -n "$(REPOSITORY)" || { echo 'say where: make push-training REPOSITORY=<repository>:<tag>' >&2; exit 2; }
	aws ecr get-login-password | docker login --username AWS --password-stdin $(firstword $(subst /, ,$(REPOSITORY)))
	docker build --platform linux/amd64 --build-arg BASE=$(BASE) --file infra/training.Dockerfile --tag $(REPOSITORY) .
	docker push $(REPOSITORY)

bench: $(WHOLE)  ## every figure of speed and memory, in one run
	@$(INSTALL) --editable '.[dev,bench]'
	$(BIN)/python -m tests.bench

pr: check test contract stack real browser images  ## all that CI runs

clean:  ## remove the environment and caches
	rm -rf $(VENV) .cache .hypothesis .ruff_cache .mypy_cache .import_linter_cache

$(BIN)/uv:
	@echo "making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9

$(SERVING): pyproject.toml constraints.txt | $(BIN)/uv
	@echo "installing what serving needs (about 40 packages) ..."
	@$(INSTALL) --editable '.[serve]'
	@touch $@

$(WHOLE): pyproject.toml constraints.txt | $(BIN)/uv
	@echo "installing everything for development (about 170 packages, 2.5 GB) ..."
	@$(INSTALL) --editable '.[dev]'
	@touch $@ $(SERVING)

$(TOOLS): infra/tools.txt | $(BIN)/uv
	@echo "installing the tools that check the stack ..."
	@grep -v '^#' $< | while IFS=: read -r name packages; do \
		$(PYTHON) -m venv --without-pip $(VENV)/$$name && \
		$(UV) pip install --quiet --python $(VENV)/$$name/bin/python $$packages || exit 1; done
	@touch $@
