"""Documents by minigpt's own template writers: every form, for many prompts and seeds, at full variety."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import islice

from minigpt.corpus.prompt.understand import PRESETS, understand
from minigpt.corpus.templates import write_documents
from minigpt.corpus.templates.persona_voices import manner_names, voice_nouns

LENGTHS = ("short", "long", "funny", "formal", "simple", "", "")
READERS = ("", "", "", "for children", "for beginners", "for professionals")
# What a prompt asks for -> a choice of its subject.
KINDS = {
    "{} recipes": "soup|salad|pasta|curry|cake|cookie|vegan|vegetarian|Italian|French|Indian|Mexican|Japanese|Greek|gluten-free|dessert",
    "recipes with {}": "mushrooms|lentils|chicken|salmon|tofu|chickpeas|apples|lemons|potatoes|rice|eggs|tomatoes|beans|cheese|chocolate",
    "cooking {}": "tips|questions and answers|techniques|menus|meal plans",
    "{} about the sea": "poems|haiku|songs|ballads|stories|lullabies|limericks|fables|scenes|acrostics|prose poems",
    "{} about winter": "poems|haiku|songs|stories|lullabies|free verse",
    "{} about love": "poems|haiku|songs|stories|ballads|free verse|limericks",
    "{} about animals": "fables|stories|poems|lullabies|limericks|songs",
    "fairy tales about {}": "dragons|a princess|a miller|a fox|a witch|the moon|a lost key|a talking bird|a bell|kindness|winter",
    "stories about {}": "friendship|a lighthouse|the forest|a brave child|robots|an old clock|courage|a garden|space|pirates|ghosts",
    "poems about {}": "autumn|rain|the city|mountains|night|birds|memory|spring|hope|rivers|home|cats|trains|heartbreak|coffee|stars",
    "explanations of {}": "recursion|Python|sorting|loops|functions|classes|databases|testing|strings|lists|dictionaries|variables",
    "{} for Python": "exercises|code reviews|glossaries|functions|mistakes|interactive sessions|lessons",
    "{} of systems": "designs|runbooks|failure analyses|capacity plans|design decisions",
    "{} documentation": "API|webhook|quick start|error",
    "{} with worked examples": "sorting algorithms|graph algorithms|search algorithms|data structures|algorithms",
    "{}": "dialogues|business emails|memos|news reports|arithmetic lessons|conversations|chat between friends|small talk|invitations",
    "questions and answers about {}": "astronomy|gardening|history|chess|falconry|music|trains|dogs|volcanoes|sailing|birds|tea|bees|ships",
    "facts about {}": "horses|castles|dinosaurs|mushrooms|the theatre|glass|whales|insects|mountains|coins|football|rice|clocks",
    "letters about {}": "travel|the harvest|a wedding|moving house|a new job|an old friend|sheep|beekeeping|the theatre",
    "texts about {}": "quimbles|the blorp|snorkelwort|a fizzwick|tronking",  # nothing that anybody knows
    "diaries about {}": "school|a farm|the mountains|a long walk|the kitchen|a journey by train",
    "talks about {}": "bread|bridges|maps|weaving|stars|rivers|libraries|cheese|pottery",
    "plans for {}": "a garden|a bookshop|a school trip|a festival|a small museum|a choir",
    "{} about cats": "jokes|riddles|limericks|reviews|speeches|advertisements|proverbs|postcards|insults|blessings|toasts|posts",
    "{} about the office": "jokes|horoscopes|complaint letters|FAQs|to-do lists|speeches|apologies|commit messages|logs|reviews|quotes",
    "{} about the sea and ships": "shanties|riddles|ship's logs|prophecies|quests|travel guides|weather reports|spells|obituaries|dreams",
    "{} about music": "raps|reviews|toasts|speeches|love letters|how-to guides|museum labels|advertisements|classified ads|posts|jokes",
    "{} about gardens": "how-to guides|spells|riddles|horoscopes|blessings|bedtime rituals|changelogs|proverbs|weather reports|dreams",
    "{} about dragons": "quests|riddles|prophecies|shanties|obituaries|love letters|travel guides|insults|classified ads|logs|quotes",
}
PROGRAMMING = (
    "explains Python to beginners|writes short Python programs|teaches Python loops|writes Python functions for beginners|"
    "writes Python exercises with answers|explains sorting algorithms in Python|explains lists and dictionaries in Python|"
    "writes Python code with explanations"
)
PROGRAMS = 0.3  # the share of prompts of these: short texts, in which every digit matters
PERSONA = 0.14  # of the others, the share that asks for a persona
PRESET = 0.4  # and of those that name a preset


def prompts(rng: random.Random) -> Iterator[tuple[str, str | None]]:
    """Prompt and preset, without end."""
    voices, manners = sorted(voice_nouns()), sorted(manner_names())
    while True:
        kind = rng.random()
        if rng.random() < PROGRAMS:
            yield f"A GPT that {rng.choice(PROGRAMMING.split('|'))}", None
        elif kind < PERSONA:
            yield f"A GPT that answers as a {rng.choice([*manners, ''])} {rng.choice(voices)}".replace("  ", " "), None
        elif kind < PERSONA + PRESET:
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
