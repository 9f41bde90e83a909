"""Compares sampling speed with transformers' `generate` and its cache, on the same folder, prompt and greedy tokens, in turn.

python benchmarks/generate.py                 # the 12M layout with random weights, V 50,257
python benchmarks/generate.py --run models/x  # a trained model

Prints tokens/s, the median of the ratios minigpt / transformers with those of the rounds beside it, the share of the speed at which all
weights can be read once per token (measured in the same run), and how the time per token grows with position. Rounds in which the machine
was not quiet are thrown away, counted and repeated (quiet.py).
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from quiet import play_rounds, to_show, watched

from minigpt import ModelConfig, SampleConfig, TextModel, Tokenizer, load
from minigpt.backend import choose_backend
from minigpt.config import find_size
from minigpt.disk.checkpoint import save_config, save_tokenizer, save_weights
from minigpt.generate import Predictor, choose
from minigpt.machine import usable_cores
from minigpt.model import count_parameters, new_parameters

TIMES = 3  # that a turn samples the same tokens: the system counts the time of others in hundredths of a second, and a turn needs many


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


def load_peer(folder: Path) -> Any:
    """transformers' model of a folder, or None without transformers."""
    try:
        from transformers import OpenAIGPTLMHeadModel
        from transformers.utils.logging import set_verbosity_error
    except ModuleNotFoundError:
        return None
    set_verbosity_error()
    return OpenAIGPTLMHeadModel.from_pretrained(folder)


def our_turn(model: TextModel, prompt: list[int], count: int) -> dict[str, Any]:
    """Sample with minigpt: tokens/s, the tokens, and how much longer the last ones take than the first."""
    greedy, rng = SampleConfig(temperature=0), np.random.default_rng(0)
    ids, decoder, times = list(prompt), Predictor(model.network, model.context), []
    for _ in range(count):
        start = time.perf_counter()
        ids.append(choose(decoder.logits(ids), ids, greedy, rng))
        times.append(time.perf_counter() - start)
    return {"rate": count / sum(times), "ids": ids, "growth": statistics.median(times[-20:]) / statistics.median(times[1:21])}


def their_turn(peer: Any, end: int, prompt: list[int], count: int) -> dict[str, Any]:
    """Sample with transformers: tokens/s and the tokens."""
    import torch

    start = time.perf_counter()
    out = peer.generate(torch.tensor([prompt]), max_new_tokens=count, min_new_tokens=count, do_sample=False, pad_token_id=end)
    return {"rate": count / (time.perf_counter() - start), "ids": out[0].tolist()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run")
    parser.add_argument("--size", default="12M")
    parser.add_argument("--tokens", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3, help="quiet ones")
    a = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(a.run) if a.run else random_model(Path(temporary), a.size)
        model = load(folder, "cpu")
        peer = load_peer(folder)
    end = model.tokenizer.end_of_text
    prompt = [end, 10, 20, 30]
    count = min(a.tokens, model.context - len(prompt))
    print(f"{count_parameters(model.config):,} parameters, {count} greedy tokens after a prompt of {len(prompt)}", flush=True)
    turns: dict[str, Callable[[], dict[str, Any]]] = {"minigpt": lambda: our_turn(model, prompt, count)}
    if peer is not None:
        turns["transformers"] = lambda: their_turn(peer, end, prompt, count)
    rounds = play_rounds(list(turns), lambda name: watched(lambda: [turns[name]() for _ in range(TIMES)]), a.rounds, usable_cores())
    shown, verdict = to_show(rounds, a.rounds)
    print(verdict)
    bound = read_speed(256) / (4 * (count_parameters(model.config) - model.config.n_positions * model.config.n_embd))
    middle = statistics.median
    rates = {name: [middle(each["rate"] for each in played[name].result) for played in shown] for name in turns}
    for name, r in rates.items():
        print(f"{name:<13} {middle(r):7.0f} tokens/s ({min(r):.0f}-{max(r):.0f}); {middle(r) / bound:.0%} of reading speed")
    growth = middle(each["growth"] for played in shown for each in played["minigpt"].result)
    print(f"minigpt's last 20 tokens take {growth:.2f} times as long as its first 20")
    if peer is not None:
        ratios = [ours / theirs for ours, theirs in zip(*rates.values(), strict=True)]
        ours, theirs = (shown[0][name].result[0]["ids"][len(prompt) :] for name in turns)
        same = sum(x == y for x, y in zip(ours, theirs, strict=True))
        print(f"ratio {middle(ratios):.2f} ({' '.join(f'{r:.2f}' for r in ratios)}); {same} of {count} tokens the same")


if __name__ == "__main__":
    main()
