# make alone prints the targets. Everything lives in .venv and state/; nothing else on the machine is changed,
# but that as root on Debian missing system packages (python3-venv, openssl) are installed.
PYTHON ?= python3
STATE  ?= state/ip500v2
BIN    := .venv/bin
PYTEST := $(BIN)/pytest -n 2 --dist worksteal -q

.DEFAULT_GOAL := help
.PHONY: help run setup test check quick bench soak docs clean tools

help: ## print this
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

run: setup tools ## start an IP500 V2 (the first time: its first start-up) and show its certificate
	@$(BIN)/ipsim boot ip500v2 --state $(STATE)
	@echo
	@$(BIN)/ipsim cert --state $(STATE) | openssl x509 -noout -subject -dates -fingerprint -sha256 -ext subjectAltName,basicConstraints,keyUsage

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

system:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && apt-get install -y -qq $(PACKAGE) >/dev/null; \
	else echo "please install $(PACKAGE) (on Debian: sudo apt-get install $(PACKAGE)) and run make again" >&2; exit 2; fi

test: setup tools lint ## every test, the slow ones too
	$(PYTEST)

check: setup lint ## ruff, mypy --strict, import-linter and the tests quick enough for every save
	$(PYTEST) -m "not slow"

lint: setup
	$(BIN)/ruff check -q .
	$(BIN)/ruff format -q --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache >/dev/null || $(BIN)/lint-imports --no-cache

bench: setup ## speed and memory, as ratios to a floor measured in the same run
	@$(BIN)/python -m tests.benchmarks

soak: ## what takes longer than CI allows
	@echo "soak: nothing yet; the sweep over crash states is to come"

docs: ## documents drawn from the tables
	@echo "docs: nothing to build yet; README.md and ipsim --help are the documentation"

clean: ## remove the environment, caches and build output; state/ stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -prune -exec rm -rf {} +
