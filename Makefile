# Slipway. `make help` lists the targets. Everything runs inside .venv, which the first target makes.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV   := .venv
PYTHON := $(VENV)/bin/python
STAMP  := $(VENV)/.requirements.cksum
# Hermetic: what the user's own configuration says about Ansible or pip plugins has no say here.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help venv lock demo test lint unit sanity molecule e2e web workflows docs posture bench chaos torture host-boot local-up local-down clean
.PHONY: $(STAMP)

help:  ## this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

venv: $(STAMP)  ## make .venv from the hash-locked requirements (Python from .python-version, or any >= 3.12)
$(STAMP):
	@./tests/gates/make_venv.sh $(VENV) $(STAMP)

lock: venv  ## write requirements.txt and requirements-scanners.txt anew from their .in files
	uv pip compile -q --universal --generate-hashes --python-version 3.12 --no-header --no-annotate \
	  -o requirements.txt requirements.in
	uv pip compile -q --universal --generate-hashes --python-version 3.12 --no-header --no-annotate \
	  -o requirements-scanners.txt requirements-scanners.in

demo: venv  ## provision, deploy v1, swap to v2 under load, publish the site, on the local cloud; writes build/report.html; ENGINE=native has ECS swap
	$(PYTHON) -m localcloud.demo $(if $(ENGINE),--engine $(ENGINE))

# Two rows of about the same length, side by side: what waits most of the time, for clouds, and what computes.
test: venv  ## every gate that CI runs
	$(PYTHON) -m tests.gates e2e+molecule,lint+workflows+docs+sanity+web+unit

docs: venv  ## the documentation's site in build/site, and whether its commands have their tests
lint unit sanity molecule e2e web workflows docs: venv  ## one gate
	$(PYTHON) -m tests.gates $@

posture: venv  ## Prowler looks at what site.yml makes of production in a local cloud (1.4 GB of scanner once, then some two minutes)
	@./tests/gates/make_venv.sh build/scanners build/scanners/.cksum requirements-scanners.txt
	$(PYTHON) -m tests.posture build/scanners

bench: venv  ## the benchmarks, as tables
	$(PYTHON) -m tests.bench

chaos: venv  ## the chaos suite in full: deployments killed, struck by faults, raced, under load (about an hour)
	$(PYTHON) -m tests.chaos --full

torture: venv  ## releases of a site killed at every step, raced and damaged, under visitors (about fifteen minutes)
	$(PYTHON) -m tests.torture --full

host-boot: venv  ## a GPU host's life under a real systemd, without a GPU (root, Debian; about ten minutes)
	$(PYTHON) -m pytest tests/host_boot -v -p no:cacheprovider

local-up: venv  ## start the local cloud; then `. .local/env`
	$(PYTHON) -m localcloud up

local-down: venv  ## stop it; nothing stays behind
	$(PYTHON) -m localcloud down

clean: local-down  ## remove what the gates and the demo wrote
	rm -rf build .local .pytest_cache .mypy_cache .ruff_cache
