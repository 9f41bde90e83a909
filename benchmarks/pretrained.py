"""A GPT-2 from transformers and back: loaded from its folder, trained for some steps in both programs, saved, and loaded again.

    python benchmarks/pretrained.py                        # GPT-2 small's shape with random weights, made by transformers
    python benchmarks/pretrained.py --model path/to/gpt2   # a folder or a name that transformers finds on this machine

Prints the largest difference between the losses of the two programs over the steps, and between the losses of minigpt's model and of what
transformers makes of the files that minigpt saves. Needs torch and transformers (`make parity` installs them).
"""

from __future__ import annotations

import argparse
import tempfile
from contextlib import closing
from pathlib import Path

import numpy as np
import torch
from transformers import AutoConfig, GPT2Config, GPT2LMHeadModel

from minigpt import TrainConfig, Trainer
from minigpt.disk.configuration import read_config, save_config
from minigpt.disk.files import read_json_object
from minigpt.disk.weights import CONFIG, load_weights, save_weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="a GPT-2 of transformers; by default GPT-2 small's shape with random weights")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--context", type=int, default=64)
    a = parser.parse_args()
    torch.manual_seed(0)
    config = AutoConfig.from_pretrained(a.model) if a.model else GPT2Config()
    for rate in ("resid_pdrop", "embd_pdrop", "attn_pdrop"):
        setattr(config, rate, 0.0)
    theirs = GPT2LMHeadModel.from_pretrained(a.model, config=config) if a.model else GPT2LMHeadModel(config)
    optimizer = torch.optim.AdamW(
        [
            {"params": [p for p in theirs.parameters() if (p.ndim == 2) == matrix], "weight_decay": 0.01 * matrix}
            for matrix in (True, False)
        ],
        lr=3e-5,
        betas=(0.9, 0.999),
    )
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        theirs.save_pretrained(folder / "theirs", max_shard_size="200MB")
        path = folder / "theirs" / CONFIG
        ours = read_config(read_json_object(path), path)
        state = load_weights(folder / "theirs" / "model.safetensors", ours)
        print(f"{ours}; {sum(array.size for array in state.values()):,} parameters in {len(list(path.parent.glob('*.safetensors')))} files")
        rng, differences = np.random.default_rng(0), []
        with closing(Trainer(ours, TrainConfig(learning_rate=3e-5), device="cpu")) as trainer:
            trainer.load_state_dict(state)
            for _ in range(a.steps):
                window = rng.integers(0, ours.vocab_size, (a.batch, a.context + 1))
                loss = trainer.step(window[:, :-1], window[:, 1:])
                optimizer.zero_grad()
                their_loss = theirs.train()(input_ids=torch.tensor(window), labels=torch.tensor(window)).loss
                their_loss.backward()
                torch.nn.utils.clip_grad_norm_(theirs.parameters(), 1.0)
                optimizer.step()
                differences.append(abs(loss - their_loss.item()) / their_loss.item())
            (folder / "ours").mkdir()
            save_weights(folder / "ours", trainer.state_dict())
            save_config(folder / "ours", ours, ours.n_positions, ours.vocab_size - 1)
            again = GPT2LMHeadModel.from_pretrained(folder / "ours").eval()
            window = rng.integers(0, ours.vocab_size, (a.batch, a.context + 1))
            with torch.no_grad():
                read = again(input_ids=torch.tensor(window), labels=torch.tensor(window)).loss.item()
            last = trainer.evaluate(window[:, :-1], window[:, 1:])
    print(f"losses of {a.steps} steps: {max(differences):.1e} apart at most, relative; of the saved model: {abs(read - last) / last:.1e}")


if __name__ == "__main__":
    main()
