"""Words of the subject in a text, by minigpt's own tables: a request -> the words of its field -> how many of them a text has.

A persona's are those of its voice; a topic's those of the writer that the request gets (WordNet's of falconry, the images of the sea, a
table's of pirates); where a request names neither, those that its category's templates use LIKELY times as often as others do, and that two
of its own documents have. Words that MANY of the four categories with templates of their own use belong to no field.
"""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from collections.abc import Iterable
from itertools import islice

from minigpt.corpus.choose.topicality import _examples, _odds, stem
from minigpt.corpus.request import Request
from minigpt.corpus.templates import able, occasion_subjects, poetry_topics, write_documents
from minigpt.corpus.templates.persona_voices import rows_of, voice_of
from minigpt.corpus.templates.subject_field import subject_of
from minigpt.corpus.words import load_words

WORD = re.compile(r"[^\W\d_]{3,}")
LIKELY = 10  # times as often in the documents of a category as in those of others
OWN = 200  # documents of the request, of which two have a word of its field: one in the news is by chance
MANY = 3


def field(request: Request) -> frozenset[str]:
    """The stems of the words of a request's field."""
    found = {stem(word) for part in able(request).parts for word in _field(part)}
    return frozenset(found - {stem(word) for word in _common()})


def count(text: str, stems: frozenset[str]) -> int:
    """How many of a text's words belong to the field."""
    return sum(stem(word) in stems for word in WORD.findall(text.lower()))


def _common() -> set[str]:
    """Words of the templates of MANY categories."""
    counts = Counter(word for words in _examples().values() for word in words)
    return {word for word, categories in counts.items() if categories >= MANY}


def _field(request: Request) -> set[str]:
    if request.persona:
        return _words([request.persona, *map(str, rows_of(voice_of(request.persona)).values())])
    if not request.topics:
        own = Counter(word for document in islice(write_documents(request, random.Random(0)), OWN) for word in _words([document.text]))
        return {word for word, odds in _odds(request.category).items() if odds >= math.log(LIKELY) and own[word] > 1}
    return _words(request.topics).union(*(_of_topic(topic, request) for topic in request.topics))


def _of_topic(topic: str, request: Request) -> set[str]:
    if request.category == "poetry" and (name := poetry_topics.find_topic(load_words("poetry"), topic)):
        poetry = load_words("poetry")
        tables = poetry_topics.topic_tables(poetry) | poetry["season topics"]
        return _words(str(images) for images in tables[name].values())
    if request.category == "occasion":
        subject = occasion_subjects.subject(random.Random(0), load_words("occasion"), request)
        return _words([subject.topic, *(entry for entries in subject.lists.values() for entry in entries)])
    if found := subject_of(topic):
        return _words(entry.word for entry in (*found.mains, *found.entries))
    return set()


def _words(texts: Iterable[str]) -> set[str]:
    return {word for text in texts for word in WORD.findall(text.lower())}
