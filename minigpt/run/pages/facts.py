"""A run's record and corpus -> its facts, for a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from minigpt.disk.record import AFTER
from minigpt.disk.schema import mismatch
from minigpt.run.pages.figures import BLUE, LIGHT, ORANGE
from minigpt.run.pages.novelty import Document
from minigpt.run.pages.words import folded, words

PARTS = {name: schema for parts in AFTER.values() for name, schema in parts.items()}
COUNTED = 5000  # documents whose words are counted one by one
FORMS = 12  # kinds of documents in the table
KINDS = ("form", "kind", "file", "category")  # what of an origin names the kind of a document, the first that it has


@dataclass
class Tally:
    """Statistics of a corpus, from one pass over it, together with whatever else reads it."""

    lengths: list[int] = field(default_factory=list)  # words of each document
    kinds: Counter[str] = field(default_factory=Counter)
    in_documents: Counter[str] = field(default_factory=Counter)  # word -> how many documents have it
    words: Counter[str] = field(default_factory=Counter)

    def over(self, corpus: Iterable[Document]) -> Iterator[Document]:
        """The same documents, counted as they pass."""
        for document in corpus:
            found = words(document.text)
            self.lengths.append(len(found))
            self.kinds[kind(document.about)] += 1
            if len(self.lengths) <= COUNTED:
                several = [folded(word) for word in found]
                self.words.update(several)
                self.in_documents.update(set(several))
            yield document

    def shown(self) -> list[tuple[str, int]]:
        """The kinds of documents and their numbers, the most frequent first, the rare ones together."""
        kinds = self.kinds.most_common()
        rest = kinds[FORMS:] if len(kinds) > FORMS + 1 else []
        return [*kinds[: len(kinds) - len(rest)], *([(f"{len(rest)} other kinds", sum(count for _, count in rest))] if rest else [])]

    def telling(self) -> list[str]:
        """Frequent words that do not stand in every other document, the most frequent first."""
        most = max(1, min(len(self.lengths), COUNTED) // 2)
        return [word for word, count in self.words.most_common(2000) if count > 2 and self.in_documents[word] <= most]


def kind(about: dict[str, Any]) -> str:
    """The kind of a document, by its origin."""
    named = next((str(about[name]) for name in KINDS if about.get(name)), str(about.get("source", "")))
    return named.replace("_", " ") if about.get("source") == "template" else named


def title_of(document: Document) -> str:
    """A document, named for a reader: its line in corpus.jsonl and what it is."""
    source = str(document.about.get("source", ""))
    what = kind(document.about)
    return f"document {document.number:,} ({source if what == source else f'{source}, {what}'})"


def draw_lengths(ax: Any, lengths: list[int]) -> None:
    """How long the documents are."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    most = sorted(lengths)[min(len(lengths) - 1, len(lengths) * 99 // 100)] or 1
    ax.hist([min(n, most) for n in lengths], bins=min(30, most), range=(0, most), color=BLUE)
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
    ax.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,.0f}"))
    ax.set_xlim(0, most)
    ax.set_xlabel("words")
    ax.set_ylabel("documents")
    ax.grid(axis="y", color=LIGHT, linewidth=0.6)
    ax.set_axisbelow(True)


def draw_shares(ax: Any, texts: list[float], held_out: list[float]) -> None:
    """How many of the n-word sequences stand in the training text, by n."""
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    places = range(1, len(texts) + 1)
    ax.plot(places, texts, color=BLUE, marker="o", markersize=3, label="written by the model")
    if held_out:
        ax.plot(places, held_out, color=ORANGE, marker="o", markersize=3, label="held-out documents")
    ax.set_xlabel("words in a row")
    ax.set_ylim(0, 1.02)
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    ax.grid(axis="y", color=LIGHT, linewidth=0.6)
    ax.legend(loc="best")


def sound(record: dict[str, Any]) -> dict[str, Any]:
    """A record without the parts of finished stages that are not as a stage writes them; an unfinished run's are not checked elsewhere."""
    return {name: value for name, value in record.items() if name not in PARTS or not mismatch(value, PARTS[name])}


def part(record: dict[str, Any], *names: str) -> Any:
    """A field of a record by its path; None if a part is missing."""
    value: Any = record
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def duration(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 100:
        return f"{seconds:.3g} s"
    minutes, hours = seconds / 60, seconds / 3600
    return f"{minutes:.0f} min" if minutes < 100 else f"{hours:.1f} h"


def facts(record: dict[str, Any]) -> list[tuple[str, str]]:
    """What a reader wants to know of a run, as a table of names and values."""
    model, training, result, corpus = (part(record, name) or {} for name in ("model", "training", "result", "corpus"))
    rows: list[tuple[str, str | None]] = [
        ("Prompt", part(record, "prompt") or "none: own text"),
        ("Made", _joined([str(part(record, "created"))[:16].replace("T", " ") + " UTC", f"minigpt {part(record, 'minigpt')}"])),
        ("Status", part(record, "status")),
    ]
    if model:
        shape = f"{model['n_layer']} layers, {model['n_head']} heads, width {model['n_embd']}, {model['vocab_size']:,} tokens"
        rows.append(("Model", f"{model.get('size')}: {model['parameters']:,} parameters ({shape})"))
    start = part(record, "start", "init")
    rows.append(("Start", {"none": "random weights", "base": "the base, which knows English"}.get(str(start), start)))
    if corpus:
        sources = ", ".join(f"{count:,} from {name}" for name, count in corpus["by_source"].items())
        rows.append(("Corpus", f"{corpus['documents']:,} documents ({sources}), {corpus['tokens']:,} tokens"))
        rows.append(("Held out", f"{corpus['held_out_documents']:,} documents, {corpus['held_out_tokens']:,} tokens"))
    if training:
        steps = f"{training['steps']:,} steps of {training['batch_size']} x {training['context']} tokens"
        rate = f", learning rate {training['learning_rate']:g}" if isinstance(training.get("learning_rate"), float) else ""
        rows.append(("Training", f"{steps}{rate}, {duration(training['seconds'])}"))
        speed = training.get("tokens_per_second")
        rows.append(("Speed", f"{speed:,.0f} tokens per second" if isinstance(speed, (int, float)) else None))
    if result:
        rows.append(("Training loss", f"{result['train_loss']:.3f} nats per token, in the epoch before step {result['best_step']:,}"))
        loss, bits = result["held_out_loss"], result.get("held_out_bits_per_byte")
        held = "not measured: too little text to hold some out" if loss is None else f"{loss:.3f} nats per token"
        rows.append(("Held-out loss", f"{held}, {bits:.3f} bits per byte" if bits else held))
        rows.append(("Best step", f"{result['best_step']:,}"))
    rows += [("Seed", str(part(record, "seed"))), ("Device", part(record, "device_reason") or part(record, "device"))]
    machine = part(record, "machine")
    if isinstance(machine, dict):
        rows.append(("Machine", _joined([f"{name} {value}" for name, value in machine.items() if name != "minigpt"])))
    return [(name, str(value)) for name, value in rows if value]


def corpus_figures(record: dict[str, Any], report: dict[str, Any]) -> list[tuple[str, str]]:
    """The numbers of a corpus and of its report, as a table."""
    names = {"Documents": "documents", "Tokens": "tokens", "Held-out documents": "held_out_documents", "Held-out tokens": "held_out_tokens"}
    numbers = {name: part(record, "corpus", key) for name, key in names.items()}
    numbers |= {"Distinct words": report.get("vocabulary"), "Tokens of a median document": part(report, "length_percentiles", "50")}
    shares = {f"Distinct {name}": report.get(f"distinct_{n}") for n, name in ((2, "word pairs"), (4, "four-word sequences"))}
    shares["Near duplicates left out"] = report.get("near_duplicates")
    rows = [(name, f"{number:,}") for name, number in numbers.items() if isinstance(number, int)]
    return rows + [(name, f"{share:.0%}") for name, share in shares.items() if isinstance(share, float)]


def _joined(parts: list[Any]) -> str:
    return ", ".join(str(part) for part in parts if part)
