"""Parity with the libraries that minigpt agrees with; run by `make parity`. None of them may reach for the network."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
