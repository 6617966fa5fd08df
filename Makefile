# make alone prints the targets. Everything lives in .venv and state/; nothing else on the machine is changed,
# but that as root on Debian missing packages are installed: python3-venv, openssl; for the tests Chromium and the clients
# that play phones and auditors.
PYTHON ?= python3
STATE  ?= state
SECONDS_EACH ?= 120
IMAGES ?= 100000
KILLS ?= 1000
EXAMPLES ?= 2000
BIN    := .venv/bin
SHOW   := openssl x509 -noout -subject -serial -dates -fingerprint -sha256 -ext subjectAltName,basicConstraints,keyUsage
PYTEST := $(BIN)/pytest -n 2 --dist worksteal -q

.DEFAULT_GOAL := help
.PHONY: help run setup test check lint tidy bench sweep soak docs clean tools test-tools system

help: ## print this
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

run: setup tools ## start an IP500 V2 and ignite a Primary (later: start both), show their certificates
	@$(BIN)/ipsim boot ip500v2 --state $(STATE)/ip500v2
	@echo
	@$(BIN)/ipsim cert --state $(STATE)/ip500v2 | $(SHOW)
	@echo
	@$(BIN)/ipsim ignite primary --state $(STATE)/primary --if-needed
	@echo
	@$(BIN)/ipsim cert --state $(STATE)/primary --root | $(SHOW)
	@echo
	@$(BIN)/ipsim cert --state $(STATE)/primary | $(SHOW)

setup: .venv/ready

.venv/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "ipoffice-sim needs Python 3.11 or newer; make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || $(MAKE) --no-print-directory system PACKAGE=python3-venv
	@echo "setting up .venv (once) ..."
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

tools:
	@command -v openssl >/dev/null || $(MAKE) --no-print-directory system PACKAGE=openssl

test-tools: tools
	@command -v curl >/dev/null || $(MAKE) --no-print-directory system PACKAGE=curl
	@command -v chromium >/dev/null || $(MAKE) --no-print-directory system PACKAGE=chromium
	@command -v pki >/dev/null || $(MAKE) --no-print-directory system PACKAGE="strongswan-pki libstrongswan-extra-plugins"
	@for tool in gnutls-cli:gnutls-bin baresip:baresip-core linphonec:linphone-cli sipsak:sipsak tshark:tshark nmap:nmap \
	  faketime:faketime; do command -v $${tool%:*} >/dev/null || missing="$$missing $${tool#*:}"; done; [ -z "$$missing" ] || \
	  DEBIAN_FRONTEND=noninteractive $(MAKE) --no-print-directory system PACKAGE="$$missing"
	@test -x .venv/sslyze/bin/sslyze || { $(PYTHON) -m venv .venv/sslyze && \
	  .venv/sslyze/bin/python -m pip install -q --disable-pip-version-check sslyze==6.3.1; }

system:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && apt-get install -y -qq $(PACKAGE) >/dev/null; \
	else echo "please install $(PACKAGE) (on Debian: sudo apt-get install $(PACKAGE)) and run make again" >&2; exit 2; fi

test: setup test-tools lint tidy ## every test, the slow ones too
	$(PYTEST)

check: setup test-tools lint ## ruff, mypy --strict, import-linter and the tests quick enough for every save
	$(PYTEST) -m "not slow"

lint: setup
	$(BIN)/ruff check -q .
	$(BIN)/ruff format -q --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache >/dev/null || $(BIN)/lint-imports --no-cache

tidy: setup
	$(BIN)/vulture
	$(BIN)/deptry . >/dev/null 2>&1 || $(BIN)/deptry .

bench: setup ## speed and memory, as ratios to a floor measured in the same run
	@$(BIN)/python -m tests.benchmarks

sweep: setup ## power cuts in every scenario: no finding, and no less of the crash space seen than before
	$(PYTEST) -rP tests/sweep/test_every_scenario.py

soak: setup ## what takes longer than CI allows: every proof, damaged images, kills, random lives, coverage-guided fuzzing
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[fuzz]'
	@$(BIN)/python -m tests.sweep.closing
	@$(BIN)/python -m tests.damage images $(IMAGES)
	@$(BIN)/python -m tests.damage kills $(KILLS)
	@$(BIN)/python -m tests.units $(EXAMPLES)
	@$(BIN)/python -m tests.fuzz $(SECONDS_EACH)

docs: setup ## draw the documents in docs/ from the tables
	@$(BIN)/python -m firmware.bench.docs docs

clean: ## remove the environment, caches and build output; state/ stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -prune -exec rm -rf {} +
