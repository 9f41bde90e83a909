"""Documents -> the streams that train.py reads: cleaned, a few held out, in a vocabulary of their own.

python base/text/prepare.py DOCUMENTS OUT
python base/text/prepare.py DOCUMENTS OUT --like MODEL --rehearse 0.05   # to train MODEL further on what the writers write by now

DOCUMENTS has files of JSON lines {"text", "source", "kind", "licence"}. A document is held out by the hash of its text, about HELD_OUT of
them; the vocabulary is chosen without it, or is that of a model. Of the text that is not the writers' a share can be left out: a model that
has read it needs some, so that it does not forget.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

import numpy as np

from minigpt.corpus.choose.clean import Cleaner, one_by_one
from minigpt.corpus.documents import Document
from minigpt.disk.checkpoint import load_tokenizer
from minigpt.run.start import OURS
from minigpt.run.vocabulary import compact
from minigpt.tokenizer import Tokenizer

VOCABULARY = 8192
HELD_OUT = 0.003
SEED = 42
# The most characters of a kind: enough for its form, and not so many that a small model writes like it whatever it is asked.
MOST = {
    "poem": 8e6, "speech": 5e6, "scripture": 2e6, "manual": 14e6, "code": 15e6, "changelog": 2e6, "dictionary": 5e6, "encyclopedia": 12e6,
    "questions": 6e6,
}  # fmt: skip


def documents(folder: Path) -> Iterator[Document]:
    """All of them, as one file after the other has them."""
    for path in sorted(folder.glob("*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                entry = json.loads(line)
                yield Document(entry["text"], "own", {"kind": entry["kind"], "source": entry["source"]})


def drawn(text: str, purpose: bytes) -> float:
    """A number from 0 to 1 that depends on the text alone."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8, key=purpose).digest(), "little") / 2**64


def kept(folder: Path, rehearsed: float) -> Iterator[Document]:
    """The documents without those beyond their kind's most, and with a share of those that are not the writers', chosen by their text."""
    sizes = Counter[str]()
    for document in documents(folder):
        sizes[document.origin["kind"]] += len(document.text)
    for document in documents(folder):
        kind = document.origin["kind"]
        share = 1.0 if document.origin["source"] == OURS.split()[0] else rehearsed
        if drawn(document.text, b"kept") * sizes[kind] < share * MOST.get(kind, sizes[kind]):
            yield document


def vocabulary(full: Tokenizer, counts: np.ndarray, size: int) -> Tokenizer:
    """The most frequent tokens of GPT-2's, with those that they are merged from, at most `size` in all."""
    order = np.argsort(-counts, kind="stable")
    low, high = 256, size
    while low < high:  # how many of them, so that what they are merged from fits too
        middle = (low + high + 1) // 2
        if compact(full, order[:middle].tolist()).vocab_size <= size:
            low = middle
        else:
            high = middle - 1
    return compact(full, order[:low].tolist())


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("documents", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--like", type=Path, help="a model folder whose vocabulary is kept")
    parser.add_argument("--rehearse", type=float, default=1.0, help="the share of the text that is not the writers'")
    return parser.parse_args()


def main() -> None:
    a = parse()
    out = a.out
    out.mkdir(parents=True, exist_ok=True)
    full, cleaner = Tokenizer.gpt2(), Cleaner()
    learned, held_out = list[Document](), list[Document]()
    counts, letters = np.zeros(full.vocab_size, np.int64), Counter[str]()
    for found in cleaner(one_by_one(kept(a.documents, a.rehearse))):
        document = found.document
        letters[f"{document.origin['source']} {document.origin['kind']}"] += len(document.text)
        if drawn(document.text, b"held out") < HELD_OUT:
            held_out.append(document)
        else:
            learned.append(document)
            counts += np.bincount(full.encode(document.text), minlength=full.vocab_size)
    tokenizer = load_tokenizer(a.like) if a.like else vocabulary(full, counts, VOCABULARY)
    np.random.default_rng(SEED).shuffle(learned)  # type: ignore[arg-type]
    held_out.sort(key=lambda document: document.origin["kind"])
    (out / "merges.txt").write_text("".join(f"{a} {b}\n" for a, b in tokenizer.merges), encoding="utf-8")
    sizes, kinds = {}, dict[str, tuple[int, int]]()
    for name, some in (("train", learned), ("held_out", held_out)):
        ids = list[np.ndarray]()
        at = 0
        for document in some:
            ids.append(np.array([*tokenizer.encode(document.text), tokenizer.end_of_text], "<u2"))
            kind = document.origin["kind"]
            if name == "held_out":
                kinds[kind] = (kinds.get(kind, (at, at))[0], at + len(ids[-1]))
            at += len(ids[-1])
        np.concatenate(ids).tofile(out / f"{name}.u2")
        sizes[name] = {"documents": len(some), "tokens": at, "bytes": sum(len(document.text.encode()) for document in some)}
    (out / "kinds.json").write_text(json.dumps(kinds))
    figures = {"vocabulary": tokenizer.vocab_size, **sizes, "dropped": cleaner.dropped, "characters": dict(letters.most_common())}
    (out / "figures.json").write_text(json.dumps(figures, indent=1))
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
