"""Compares sampling speed with transformers' `generate` and its cache, on the same folder, prompt and greedy tokens, in turn.

python benchmarks/generate.py                 # the 12M layout with random weights, V 50,257
python benchmarks/generate.py --run models/x  # a trained model

Prints tokens/s, the ratio by round, the share of the speed at which all weights can be read once per token (measured in the same run),
and how the time per token grows with position.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from minigpt import ModelConfig, SampleConfig, Tokenizer, load
from minigpt.backend import choose_backend
from minigpt.config import find_size
from minigpt.disk.checkpoint import save_config, save_tokenizer, save_weights
from minigpt.generate import Predictor, choose
from minigpt.model import count_parameters, new_parameters


def random_model(folder: Path, size_name: str) -> Path:
    """A model folder with random weights and GPT-2's whole vocabulary."""
    size, tokenizer = find_size(size_name), Tokenizer.gpt2()
    config = ModelConfig(size.n_layer, size.n_head, size.n_embd, size.n_positions, tokenizer.vocab_size)
    parameters = new_parameters(config, choose_backend("cpu"))
    parameters.initialize(np.random.default_rng(0))
    save_config(folder, config, config.n_positions, tokenizer.end_of_text)
    save_tokenizer(folder, tokenizer, config.n_positions)
    save_weights(folder, {p.name: p.value for p in parameters})
    return folder


def read_speed(megabytes: int) -> float:
    """Bytes a second at which a matrix-vector product reads a large matrix."""
    matrix, vector = np.ones((megabytes * 2**18 // 1024, 1024), np.float32), np.ones(1024, np.float32)
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        matrix @ vector
        seconds.append(time.perf_counter() - start)
    return matrix.nbytes / statistics.median(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run")
    parser.add_argument("--size", default="12M")
    parser.add_argument("--tokens", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    a = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(a.run) if a.run else random_model(Path(temporary), a.size)
        model = load(folder, "cpu")
        try:
            from transformers import OpenAIGPTLMHeadModel
            from transformers.utils.logging import set_verbosity_error

            set_verbosity_error()
            peer = OpenAIGPTLMHeadModel.from_pretrained(folder)
        except ModuleNotFoundError:
            peer = None
    prompt = [model.tokenizer.end_of_text, 10, 20, 30]
    greedy, rng = SampleConfig(temperature=0), np.random.default_rng(0)
    count = min(a.tokens, model.context - len(prompt))
    print(f"{count_parameters(model.config):,} parameters, {count} greedy tokens after a prompt of {len(prompt)}")
    ours, theirs, positions = [], [], []
    for _ in range(a.rounds):
        ids, decoder, times = list(prompt), Predictor(model.network, model.context), []
        for _ in range(count):
            start = time.perf_counter()
            ids.append(choose(decoder.logits(ids), ids, greedy, rng))
            times.append(time.perf_counter() - start)
        ours.append(count / sum(times))
        positions.append(statistics.median(times[-20:]) / statistics.median(times[1:21]))
        if peer is not None:
            import torch

            end, start = model.tokenizer.end_of_text, time.perf_counter()
            out = peer.generate(torch.tensor([prompt]), max_new_tokens=count, min_new_tokens=count, do_sample=False, pad_token_id=end)
            theirs.append(count / (time.perf_counter() - start))
            same = sum(x == y for x, y in zip(out[0].tolist(), ids, strict=False))
    bound = read_speed(256) / (4 * (count_parameters(model.config) - model.config.n_positions * model.config.n_embd))
    middle = statistics.median
    print(f"minigpt       {middle(ours):7.0f} tokens/s ({min(ours):.0f}-{max(ours):.0f}); {middle(ours) / bound:.0%} of reading speed")
    print(f"              the last 20 tokens take {middle(positions):.2f} times as long as the first 20")
    if peer is not None:
        ratios = [x / y for x, y in zip(ours, theirs, strict=True)]
        print(f"transformers  {middle(theirs):7.0f} tokens/s ({min(theirs):.0f}-{max(theirs):.0f})")
        by_round = " ".join(f"{r:.2f}" for r in ratios)
        print(f"ratio {middle(ratios):.2f} ({by_round}); {same - len(prompt)} of {count} tokens the same")


if __name__ == "__main__":
    main()
