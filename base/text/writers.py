"""Documents by minigpt's own template writers: every form, for many prompts and seeds, at full variety."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import islice

from minigpt.corpus.prompt.understand import PRESETS, understand
from minigpt.corpus.templates import write_documents

LENGTHS = ("short", "long", "funny", "formal", "simple", "")
READERS = ("", "", "", "for children", "for beginners", "for professionals")
KINDS = {
    "{} recipes": "soup|salad|pasta|curry|cake|cookie|vegan|vegetarian|Italian|French|Indian|Mexican|Japanese|Greek|gluten-free|summer",
    "recipes with {}": "mushrooms|lentils|chicken|salmon|tofu|chickpeas|apples|lemons|potatoes|rice|eggs|tomatoes|beans|cheese|chocolate",
    "{} about the sea": "poems|haiku|songs|ballads|stories|lullabies|limericks|fables|scenes",
    "{} about winter": "poems|haiku|songs|stories|lullabies",
    "stories about {}": "a lost key|friendship|a lighthouse|the forest|a brave child|the moon|an old clock|courage|a long journey|a garden",
    "poems about {}": "love|autumn|rain|the city|mountains|night|birds|memory|spring|hope|rivers|home",
    "explanations of {}": "recursion|Python|sorting|loops|functions|classes|databases|caching|testing|concurrency|networks",
    "{} for Python": "exercises|code reviews|glossaries|functions|mistakes|interactive sessions",
    "{} of systems": "designs|runbooks|failure analyses|capacity plans|design decisions",
    "{} documentation": "API|webhook|quick start|error",
    "{} with worked examples": "sorting algorithms|graph algorithms|search algorithms|data structures|algorithms",
    "{}": "dialogues|business emails|memos|news reports|arithmetic lessons|conversations|chat between friends",
    "questions and answers about {}": "cooking|astronomy|gardening|history|chess|falconry|music|trains|dogs|volcanoes|painting|sailing",
    "letters about {}": "travel|the harvest|a wedding|moving house|a new job|an old friend|sheep|beekeeping|the theatre",
    "diaries about {}": "the sea|school|a farm|the mountains|a long walk|the kitchen|a journey by train",
    "talks about {}": "bread|bridges|clocks|whales|maps|weaving|tea|stars|rivers|libraries",
    "plans for {}": "a garden|a bookshop|a school trip|a festival|a small museum|a choir",
}


def prompts(rng: random.Random) -> Iterator[tuple[str, str | None]]:
    """Prompt and preset, without end."""
    while True:
        if rng.random() < 0.5:
            yield "", rng.choice(list(PRESETS))
        else:
            pattern = rng.choice(list(KINDS))
            what = pattern.format(rng.choice(KINDS[pattern].split("|")))
            yield " ".join(["A GPT that writes", rng.choice(LENGTHS), what, rng.choice(READERS)]).replace("  ", " ").strip(), None


def written(characters: int, seed: int, run: int = 40) -> Iterator[tuple[str, str]]:
    """(text, category): new documents, `run` for each prompt, until they have so many characters."""
    rng, seen, total = random.Random(seed), set[str](), 0
    for prompt, preset in prompts(rng):
        request = understand(prompt, preset)
        for document in islice(write_documents(request, rng), run):
            if document.text in seen:
                continue
            seen.add(document.text)
            total += len(document.text)
            yield document.text, document.origin["category"]
        if total >= characters:
            return
