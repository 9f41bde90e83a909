"""A run and its samples -> every figure: a number, or None where there is nothing to count. "... held": the same of held-out documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import minigpt
from judge.code import code_figures
from judge.field import count, field
from judge.fresh import cost, fresh_texts
from judge.names import Names
from judge.opinion import Reader, opinion
from judge.runs import Run
from judge.text import copied, distinct, equally_long, grams, in_common, is_complete, sentences, shape, share, title_told, verbatim
from minigpt.corpus.prompt.understand import understand
from minigpt.tokenizer import Tokenizer

SOON = 400  # tokens
TALES = {"story", "fable"}  # forms with a hero
OPINIONS = 10  # texts of each kind for another model to read

Figures = dict[str, float | None]


def figures(run: Run, model: minigpt.TextModel, samples: Sequence[dict[str, Any]], reader: Reader | None = None) -> Figures:
    """Every figure that needs no other run."""
    texts, learned, held = [sample["text"] for sample in samples], run.texts("train"), run.texts("held_out")
    found = ends(samples, learned) | titles(texts, held) | copies(texts, learned, held) | variety(texts, held)
    found |= subject(run, texts, held) | heroes(run, texts, learned, held) | losses(run, model, held)
    if (usual := code_figures(held))["with code"]:
        found |= code_figures(texts) | {f"{name} held": usual[name] for name in ("parse", "run", "right")}
    return found | (opinion(reader, texts[:OPINIONS], held[:OPINIONS]) if reader else {})


def ends(samples: Sequence[dict[str, Any]], learned: Sequence[str]) -> Figures:
    """The shares of samples that begin as documents do, that the model ends within SOON tokens, that are complete, that are different."""
    shapes = {shape(text) for text in learned}
    return {
        "begins": share(shape(sample["text"]) in shapes for sample in samples),
        "ends": share(sample["finish_reason"] == "stop" and sample["tokens"] <= SOON for sample in samples),
        "complete": share(is_complete(sample["text"], sample["finish_reason"]) for sample in samples),
        "different": len({sample["text"] for sample in samples}) / len(samples),
    }


def titles(texts: Sequence[str], held: Sequence[str]) -> Figures:
    """The mean share of a title's words that come again in its text."""
    shares = {"title": [title_told(text) for text in texts], "title held": [title_told(text) for text in held]}
    known = {name: [told for told in some if told is not None] for name, some in shares.items()}
    return {name: sum(some) / len(some) if some else None for name, some in known.items()}


def copies(texts: Sequence[str], learned: Sequence[str], held: Sequence[str]) -> Figures:
    """The shares of 8-grams and of sentences that stand in the training text."""
    known, lines = set(grams(learned)), set(sentences(learned))
    return {
        "copied": copied(texts, known), "copied held": copied(held, known),
        "verbatim": verbatim(texts, lines), "verbatim held": verbatim(held, lines),
    }  # fmt: skip


def variety(texts: Sequence[str], held: Sequence[str]) -> Figures:
    """Distinct-1, -2 and -3 of samples and held-out documents, in equally many words of both."""
    both = equally_long(texts, held)
    return {f"distinct-{n}{of}": distinct(some, n) for n in (1, 2, 3) for of, some in zip(("", " held"), both, strict=True)}


def subject(run: Run, texts: Sequence[str], held: Sequence[str]) -> Figures:
    """Words of the prompt's field in a text, on average and at least; nothing if the prompt names no field that minigpt has words for."""
    if not (stems := field(understand(run.record["prompt"], run.record["options"]["preset"]))):
        return {}
    mine, theirs = ([count(text, stems) for text in some] for some in (texts, held))
    return {"field": sum(mine) / len(mine), "field least": min(mine), "field held": sum(theirs) / len(theirs) if theirs else None}


def heroes(run: Run, texts: Sequence[str], learned: Sequence[str], held: Sequence[str]) -> Figures:
    """How many of the tales name a hero, and the share of these that keep it."""
    if not run.forms & TALES:
        return {}
    names = Names(learned)
    kept, usual = ([keeps for text in some if (keeps := names.keeps_hero(text)) is not None] for some in (texts, held))
    return {"heroes": len(kept), "hero": share(kept), "hero held": share(usual)}


def losses(run: Run, model: minigpt.TextModel, held: Sequence[str]) -> Figures:
    """Bits per byte of held-out documents and, if templates wrote them, of fresh ones."""
    if run.record["source"]["name"] != "template":
        return {"bits held": cost(model, held), "bits fresh": None}
    record, request = run.record, understand(run.record["prompt"], run.record["options"]["preset"])
    known = {line["text"] for line in run.corpus}
    fresh = fresh_texts(request, record["corpus"]["kept_tokens"], record["seed"], known, Tokenizer.gpt2())
    return {"bits held": cost(model, held), "bits fresh": cost(model, fresh)}


def compare(runs: Sequence[Run]) -> list[Figures]:
    """For each run, the mean shares of its corpus' sentences that those of the same prompt and of other prompts have too."""
    lines = [set(sentences(line["text"] for line in run.corpus)) for run in runs]
    prompts = [run.record["prompt"] for run in runs]

    def usual(number: int, same: bool) -> float | None:
        others = [i for i in range(len(runs)) if i != number and (prompts[i] == prompts[number]) == same]
        shares = [in_common(lines[number], lines[i]) or 0.0 for i in others]
        return sum(shares) / len(shares) if shares else None

    return [{"common seeds": usual(number, True), "common prompts": usual(number, False)} for number in range(len(runs))]
