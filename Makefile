# make demo: from a fresh checkout to a GPT that writes recipes. make test, make slow, make check, make parity, make versions: what CI runs.
# make versions: the tests on the oldest and the newest Python that this machine has; make versions PYTHONS="python3.12 ..." on others.
# make fuzz: random bytes into every reader, SECONDS each. make coverage: which lines and branches the tests reach.
# make bench: training speed against PyTorch, on a machine where nothing else runs.
# make base: the model that trainings start from, made again (base/README.md); SECONDS of training.
# make package: wheels and source distributions of minigpt and its base, in dist/.
# make standalone: the one-file program for machines without Python, dist/minigpt, with the base inside; WITH=numba for the compiled layers, too.
# make image: the container, with podman or CONTAINERS=docker.
# make pictures: the pictures of docs/pictures, from the numbers of the code as it is.
# make llama-check RUN=models/...: a run with GPT-2's blocks in a real llama.cpp, which npm installs.
# make ollama-check: the Ollama client against the server that OLLAMA_HOST names.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
READERS = weights tensors state json config record tokenizer merges journal text jsonl csv
SECONDS = 60
WITH =
CONTAINERS = podman

.PHONY: demo test slow check parity versions llama-check ollama-check fuzz coverage pictures bench base package standalone image
.DELETE_ON_ERROR:

demo: $(VENV)/.run
	$(BIN)/minigpt train --prompt "A fun GPT that generates cooking recipes"
	@echo; echo "--- Another sample, from a beginning of your own:"
	$(BIN)/minigpt generate "$$(ls -td models/a-fun-gpt-* | head -n 1)" --prompt "Grandma's" --max-tokens 300 --seed 1

test: $(VENV)/.dev
	$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder -m "not slow"

slow: $(VENV)/.dev
	$(BIN)/python -m pytest -q -n 2 -m slow

check: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

parity: $(VENV)/.parity
	$(BIN)/python -m pytest -q tests/parity

versions:
	set -e; for python in $${PYTHONS:-$$($(PYTHON) tests/pythons.py)}; do \
	$(MAKE) test PYTHON=$$python VENV=.venv-$$($$python -c "import platform; print(platform.python_version())"); done

fuzz: $(VENV)/.fuzz
	for reader in $(READERS); do $(BIN)/python tests/fuzz/readers.py $$reader -max_total_time=$(SECONDS) || exit 1; done

coverage: $(VENV)/.fuzz
	$(BIN)/python -m pytest -q -n 2 --dist loadfile --cov=minigpt --cov-branch --cov-report=term-missing:skip-covered

pictures: $(VENV)/.docs
	PYTHONPATH=docs $(BIN)/python -m pictures

bench: $(VENV)/.parity
	$(BIN)/python benchmarks/train_step.py --row all

base: $(VENV)/.run
	$(BIN)/python base/text/collect.py base/.text/archives base/.text/documents
	$(BIN)/python base/text/prepare.py base/.text/documents base/.text/streams
	$(BIN)/python base/train.py base/.text/streams --seconds $(SECONDS) --rate 2.4e-3 --out base/.text/trained
	$(BIN)/python base/pack.py base/.text/streams base/.text/trained
	$(BIN)/python base/text/notice.py base/.text/streams/figures.json > base/NOTICE

package: $(VENV)/.package
	rm -rf dist/*.whl dist/*.tar.gz
	$(BIN)/python -m build --outdir dist .
	$(BIN)/python -m build --outdir dist base
	$(BIN)/python -m twine check --strict dist/*.whl dist/*.tar.gz

# Its own environment, with what belongs inside and nothing else.
standalone:
	rm -rf $(VENV)-standalone build base/build
	$(PYTHON) -m venv $(VENV)-standalone
	$(VENV)-standalone/bin/python -m pip install --quiet --disable-pip-version-check "pyinstaller>=6.11" . ./base $(WITH)
	$(VENV)-standalone/bin/python -m PyInstaller --noconfirm --log-level WARN --distpath dist --workpath build/standalone standalone/minigpt.spec

image:
	$(CONTAINERS) build --tag minigpt --file Containerfile .

llama-check: $(VENV)/.dev
	$(BIN)/python benchmarks/llama_cpp.py $(RUN)

ollama-check: $(VENV)/.run
	$(BIN)/python benchmarks/ollama_check.py

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml base/pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[fast]" ./base
	@touch $@

$(VENV)/.dev: pyproject.toml base/pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]" ./base
	@touch $@

$(VENV)/.docs: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[docs]"
	@touch $@

$(VENV)/.package: pyproject.toml base/pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "build>=1.2" "twine>=6"
	@touch $@

$(VENV)/.fuzz: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev,fuzz]"
	@touch $@

$(VENV)/.parity: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "torch==2.13.0"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev,parity]"
	@touch $@
