"""Writes documents from word tables and templates, until the tables are exhausted.

Reading order:

    favourites            random draws that favour part of each list in a small corpus
    cooking_foods         the food table -> the foods that a request allows
    cooking_dishes        the dish tables -> a dish with a food in each role
    grammar               a template -> a sentence
    plots                 a plot -> a stanza for each of its parts
    cooking_facts         names and the words that agree with them
    cooking_kitchen       a dish -> the fields for its templates
    cooking_parts         a dish -> facts for the sentences around its recipe
    cooking_words         a dish -> introductions, advice, jokes
    cooking_recipes       a dish -> a recipe
    cooking_talk          what all texts need that are no recipes
    cooking_lists         menus, plans and shopping lists
    cooking_answers       questions, techniques, notes, swaps
    cooking               every form of a cooking document
    wording               the same in other words
    subject_sense         a topic -> its nouns, each in its sense
    occasion_subjects     a request -> what a text is about, with words of its field
    occasion_people       a request -> whom a text is for, what it is about if that is not said
    general_facts         words and facts for all general documents
    general_scene         who, where, when and how many: what one document's sentences share
    general_readers       a request -> whom its letters go to
    general_letters       e-mails and memos
    general_news          short reports from invented towns
    general_talk          dialogues
    left_out              a request -> a pattern of the words it excludes
    lessons_desk          a student, things to count, exercises with answers
    lessons_numbers       lessons on whole numbers
    lessons_parts         lessons on fractions, percentages and ratios
    lessons_measures      lessons on area, speed, time, prices, averages
    lessons               every arithmetic lesson, with computed numbers
    general               every form of a general document
    occasion_wording      a text -> the same in other words
    occasion_scene        the look-up for one text: subject, people, numbers
    occasion_verse        sea shanties and spells
    occasion_play         riddles, jokes, horoscopes and raps
    occasion_prose        toasts, letters and other kinds that tell an idea
    occasion_work         reviews, FAQ, lists of changes, weather reports
    occasion              every form of a text that has a name of its own
    poetry_topics         a request -> images of one topic
    poetry_plots          the look-up for one poem, and which plots suit its topic
    poetry_haiku          haiku of 5, 7 and 5 syllables
    poetry_story_topics   a topic -> its place, its genre, whether it walks
    poetry_story_worlds   a request -> the world of a tale
    poetry_songs          songs, ballads, lullabies and limericks that rhyme
    poetry_story_wording  a tale in other words
    poetry_stories        stories, fables and scenes
    poetry_verse          free verse, prose poems and acrostics
    poetry                every form of a poem, song or story
    technical_parts       pages and executed code
    technical_scenes      the people, things and numbers of one document
    technical_small       small programs of one or two steps
    technical_explain     explanations of programming
    technical_code        functions with executed examples
    technical_service     a web API for the documents about one
    technical_api         API documentation
    technical_systems     system design with computed figures
    greetings             greeting cards
    naming                lists of names for pets, towns, bands
    topic                 documents about a topic without facts
    subject_drift         a definition -> whether it means the same by a word
    subject_gloss         a definition -> whether it can stand in a sentence
    subject_field         a topic -> the words that belong to it
    subject_words         a word of WordNet -> its article and verb
    subject_facts         a word of WordNet -> sentences
    subject_joined        two or three facts -> one sentence
    subject_asked         questions about its words, with answers
    subject_games         a quiz, the guessing of a word
    subject_told          texts that tell of its words
    subject               documents about a topic that WordNet knows
    persona_voices        who speaks, how, and about what
    persona_trade         an occupation -> its acts and things
    persona_speaker       the look-up for one voice, manner and subject
    persona               every form of what a persona says
    traces                worked examples of algorithms
    traces_graphs         worked examples on graphs and trees
    traces_more           worked examples on strings, caches, queues and tables
    technical_algorithms  algorithms: descriptions, traces, pseudocode
    technical             every form of a technical document
    misfits               what the writers do otherwise than a request asks
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from hashlib import blake2b
from types import ModuleType

from minigpt.corpus.documents import Document
from minigpt.corpus.request import Request
from minigpt.corpus.templates import cooking, general, greetings, misfits, naming, occasion, persona, poetry, subject, technical, topic
from minigpt.corpus.templates.grammar import Form, idea_of
from minigpt.corpus.templates.left_out import word_pattern
from minigpt.corpus.templates.lessons import sure
from minigpt.corpus.words import load_words
from minigpt.errors import MinigptError

WRITERS: Mapping[str, ModuleType] = {
    "cooking": cooking, "poetry": poetry, "technical": technical, "general": general, "persona": persona, "occasion": occasion,
    "subject": subject, "topic": topic, "naming": naming, "greeting": greetings,
}  # fmt: skip
FORMS: Mapping[str, Mapping[str, Form]] = {category: writer.FORMS for category, writer in WRITERS.items()}
MAX_REPEATS = 1000  # consecutive texts that are not new, after which the tables count as exhausted
HASH_BYTES = 12  # of each text's hash, to save memory; a collision among a billion texts has a probability of 10^-11


def covers(request: Request) -> bool:
    """Whether templates know the topics of every part."""
    return all(part.category != "general" or general.covers(part) for part in request.parts)


def able(request: Request) -> Request:
    """The request, with parts whose topics the general forms do not know moved to forms that fit any topic, or that WordNet fills.

    What can only be arithmetic becomes lessons.
    """
    parts = [
        replace(part, category="general", forms=("lesson",)) if part.category == "topic" and sure(part) else part for part in request.parts
    ]
    parts = [poetry.lightened(general.spoken_to(part)) for part in parts]
    anything = [part if covers(part) else _about_anything(part) for part in parts]
    return request.of([_with_topics(part) if part.category == "topic" else part for part in anything])


def _with_topics(request: Request) -> Request:
    """The request about a topic, in the forms of a subject if WordNet knows it."""
    return subject.told(request) if subject.covers(request) else replace(request, forms=topic.in_any(request))


def _about_anything(request: Request) -> Request:
    forms = tuple(dict.fromkeys(other for form in request.forms for other in general.IN_OTHERS[form]))
    forms = ("quiz",) if set(request.matched) & general.QUIZZES else forms
    return replace(request, category="topic", forms=forms)


def doubts(request: Request) -> tuple[str, ...]:
    """What templates do otherwise than the request asks, in clauses that can follow "the templates"."""
    pairs = zip(request.parts, able(request).parts, strict=True)
    return tuple(dict.fromkeys(clause for asked, ready in pairs for clause in misfits.of_part(asked, ready)))


def forms_for(request: Request) -> tuple[str, ...]:
    """The request's forms that can obey it, in order of preference by its category; never empty."""
    narrow: Callable[[Request], tuple[str, ...]] = getattr(WRITERS[request.category], "forms_for", lambda request: request.forms)
    return narrow(request)


def write_documents(request: Request, rng: random.Random, size: Callable[[str], int] = len) -> Iterator[Document]:
    """Yield documents for the request, no text twice; ends after MAX_REPEATS attempts without a new one.

    Of several kinds, the one with the least text so far, by `size` (default: characters), comes next, until its templates run out; each
    document names its kind.

    Raises MinigptError if nothing can be written that obeys the request.
    """
    parts = able(request).parts
    if len(parts) == 1:
        yield from _write(parts[0], rng)
        return
    streams = [_write(part, rng) for part in parts]
    sizes = dict.fromkeys(range(len(parts)), 0)
    while sizes:
        number = min(sizes, key=lambda number: sizes[number])
        document = next(streams[number], None)
        if document is None:
            del sizes[number]
            continue
        sizes[number] += size(document.text)
        yield replace(document, origin=document.origin | {"kind": parts[number].kind})


def _write(request: Request, rng: random.Random) -> Iterator[Document]:
    """Yield documents of one kind, taking its forms in turn."""
    words, forms, ruled_out = load_words(request.category), forms_for(request), word_pattern(request)
    written: set[bytes] = set()
    repeats = 0
    while True:
        for form in forms:
            text = FORMS[request.category][form](rng, words, request)
            mark = blake2b(text.encode(), digest_size=HASH_BYTES).digest()
            if mark in written or (ruled_out and ruled_out.search(text)):
                repeats += 1
                if repeats >= MAX_REPEATS and not written:
                    raise MinigptError(
                        f"no template works without {' and '.join(request.without)}; drop that from the prompt, or use a local Ollama model"
                    )
                if repeats >= MAX_REPEATS:
                    return
                continue
            repeats = 0
            written.add(mark)
            known = request.category == "subject" or (request.category == "persona" and persona.learned(request))
            facts = {"facts": "wordnet"} if known else {}
            idea = {"idea": idea_of(text)} if idea_of(text) else {}
            yield Document(str(text), source="template", origin={"category": request.category, "form": form, **idea, **facts})
