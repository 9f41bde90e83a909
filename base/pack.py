"""What train.py found -> the model folder of the distribution, in int8.

python base/pack.py STREAMS TRAINED

STREAMS has merges.txt and figures.json (text/prepare.py), TRAINED has weights-0.npy, weights-1.npy and one base-RATE.json (train.py). If
that says that the model in the folder was trained further, its record is kept in the new one, as `before`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from minigpt import ModelConfig, TrainConfig, Trainer
from minigpt.disk.checkpoint import save_config, save_tokenizer
from minigpt.disk.tensors import SEAL, seal
from minigpt.disk.weights import WEIGHTS, load_weights, quantized
from minigpt.tokenizer import Tokenizer, parse_merges

MODEL = Path(__file__).parent / "minigpt_base" / "model"
CONTEXT = 512


def main() -> None:
    streams, trained = Path(sys.argv[1]), Path(sys.argv[2])
    tokenizer = Tokenizer(parse_merges((streams / "merges.txt").read_text("utf-8"), "merges.txt"))
    flat = np.concatenate([np.load(trained / f"weights-{i}.npy") for i in range(2)]).astype(np.float32)
    config = ModelConfig(vocab_size=tokenizer.vocab_size)
    trainer = Trainer(config, TrainConfig(), device="cpu", threads=1)
    trainer.load_flat_state(trainer.flat_state() | {"parameters": flat}, 0)
    stored, read = quantized(trainer.state_dict())
    MODEL.mkdir(exist_ok=True)
    save_config(MODEL, config, CONTEXT, tokenizer.end_of_text)
    save_tokenizer(MODEL, tokenizer, CONTEXT)
    save_file(stored, MODEL / WEIGHTS, {"format": "pt", SEAL: seal(read, {"format": "pt"})})
    found = load_weights(MODEL / WEIGHTS, config)
    assert all(np.array_equal(found[name], array) for name, array in read.items())
    record = json.loads(next(trained.glob("base-*.json")).read_text()) | {"text": json.loads((streams / "figures.json").read_text())}
    if record["options"]["init"] != "None":
        record["before"] = json.loads((MODEL / "base.json").read_text())
    (MODEL / "base.json").write_text(json.dumps(record, indent=1))
    print(f"{sum(path.stat().st_size for path in MODEL.iterdir()):,} bytes in {MODEL}")


if __name__ == "__main__":
    main()
