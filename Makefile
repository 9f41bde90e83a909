# make demo: from a fresh checkout to a GPT that writes recipes. make test, make check, make parity: what CI runs.
# make ollama-check: the Ollama client against the server that OLLAMA_HOST names.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: demo test check parity ollama-check
.DELETE_ON_ERROR:

demo: $(VENV)/.run
	$(BIN)/minigpt train --prompt "A fun GPT that generates cooking recipes"
	@echo; echo "--- Another sample, from a beginning of your own:"
	$(BIN)/minigpt generate "$$(ls -td models/a-fun-gpt-* | head -n 1)" --prompt "Grandma's" --max-tokens 300 --seed 1

test: $(VENV)/.dev
	$(BIN)/python -m pytest -q -n 2 --dist loadfile

check: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

parity: $(VENV)/.parity
	$(BIN)/python -m pytest -q tests/parity

ollama-check: $(VENV)/.run
	$(BIN)/python benchmarks/ollama_check.py

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	@touch $@

$(VENV)/.parity: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "torch==2.13.0"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev,parity]"
	@touch $@
