"""Finds the topics of a prompt among its unused terms: phrases that can follow "about"."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import regex

from minigpt.corpus.english import article, gerund, singular
from minigpt.corpus.prompt.genres import sorts
from minigpt.corpus.prompt.lexicon import TABLES, is_noun, keys, meanings
from minigpt.corpus.prompt.terms import UNCLEAR_FOOD, Term, is_mark
from minigpt.corpus.wordnet import wordnet

MOST_TOPICS, MOST_WORDS = 5, 6
PARTICLES = ("home", "up", "back", "away", "out", "on", "off", "down", "together", "apart", "alone", "old", "over")  # behind a gerund
ALSO_NOUNS = ("work", "play", "home", "book", "books")  # plain words that a text can be about
NAME_FOLLOWS = regex.compile(r" \p{Lu}")
POSSESSIVES = ("my", "our", "your", "his", "her", "their", "its")
BETWEEN_SIGNS = regex.compile(r"(?<=[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]) (?=[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}])")
ADJECTIVE_ENDINGS = ("al", "ic", "ive", "ous", "ary", "ful", "less", "able", "ible")
SUBJECTS = ("nobody", "everybody", "somebody", "everyone", "someone", "noone", "he", "she")  # the next word is a verb
DOERS = ("that", "which", "who")  # the next unknown word is a verb
CONNECTORS = frozenset(TABLES["connectors"])
ARTICLES = frozenset((*TABLES["articles"], *POSSESSIVES))
LANGUAGES = frozenset(TABLES["programming languages"])  # a writer looks up their bare names
LIGHT = frozenset(TABLES["light words"])
PEOPLE = frozenset(TABLES["people"])
LOVED, KIN = frozenset(TABLES["loved ones"]), frozenset(TABLES["relatives"])
RECIPIENTS = LOVED | KIN | frozenset(TABLES["others for whom poems are"])
NO_TOPICS = frozenset((*TABLES["manners of persons only"], *TABLES["manners of any writer"], *TABLES["no topics by themselves"]))
MOODS_ALONE = frozenset(TABLES["never topics"])
ABOUT = frozenset(TABLES["about"]) - CONNECTORS  # "on" is also a part of phrases: rust on old cars
MOODS = TABLES["moods with a subject"]
READERS = frozenset(TABLES["words before a reader or a subject"])


def with_readers(terms: Sequence[Term], naming: Sequence[int]) -> list[Term]:
    """The terms with `about` set on what follows the kind of text and a preposition: the robot of "love letters to a robot"."""
    last = max(naming, default=len(terms))
    start = next((place for place in range(last + 1, len(terms)) if terms[place].key in READERS), len(terms))
    return [replace(term, about=term.about or place > start) for place, term in enumerate(terms)]


def given_to(terms: Sequence[Term]) -> list[int]:
    """The places of those for whom a poem is, and who are not what it is about: "for my wife", "for babies"."""
    found: list[int] = []
    for place, term in enumerate(terms):
        own = [other for other in range(place) if terms[other].group != term.group and not _says_which(terms[other])]
        before = terms[own[-1]].key if own else ""
        if before == "for" and singular(term.key) in RECIPIENTS:
            found += range(own[-1] + 1, place + 1)
        elif term.key == "romantic":  # for whoever is loved
            found.append(place)
    return found


def dedicated(terms: Sequence[Term], given: Sequence[int], used: Collection[int]) -> tuple[str, ...]:
    """What a poem is about if it only says for whom it is: love for a wife, a mother for a mother, nothing for babies."""
    if any(terms[place].key in LOVED for place in given):
        return ("love",)
    kin = any(singular(terms[place].key) in KIN for place in given)
    return topics(terms, set(used) - set(given)) if kin else ()


def implied(terms: Sequence[Term]) -> tuple[str, ...]:
    """What a text without a topic is about if its mood or its feast says so: ghosts for spooky stories, Christmas for Christmas poems."""
    return tuple(dict.fromkeys(MOODS[term.key] for term in terms if term.key in MOODS and not term.negated))


def _says_which(term: Term) -> bool:
    """Whether the term can stand between "for" and a reader: "my 4 year old"."""
    return term.key in ARTICLES or term.key in LIGHT or term.key.isdigit()


def topics(terms: Sequence[Term], used: Collection[int], in_prose: bool = True) -> tuple[str, ...]:
    """The remaining noun phrases, in lower case; `in_prose` with their article in the prompt, else bare."""
    open_places = [place for place, term in enumerate(terms) if (_content(term) or _machine(terms, place)) and place not in used]
    open_places = [place for place in open_places if terms[place].key != "home" or terms[place - 1].key == "about"]  # not "cooking at home"
    open_places = [place for place in open_places if not _is_verb(terms, place, open_places)]
    runs: list[list[int]] = []
    for place in open_places:
        if runs and _belongs(terms, runs[-1], place, in_prose):
            runs[-1].append(place)
        else:
            runs.append([place])
    runs = [run[:-1] if _reader(terms, run) else run for run in runs]
    solid = [run for run in runs if any(terms[place].key not in LIGHT for place in run)] or runs
    solid = [[run[0] - 1, *run] if _describes(terms, run[0] - 1, used) else run for run in solid]
    phrases = [_phrase(terms, run, in_prose) for run in solid]
    return tuple(dict.fromkeys(phrase for phrase in phrases if phrase and not set(phrase.split()) <= MOODS_ALONE))[:MOST_TOPICS]


def told_about(terms: Sequence[Term], used: Collection[int]) -> tuple[str, ...]:
    """The topics that follow "about": a text of an unknown kind about bees is about bees alone."""
    marked = any(term.key in ABOUT for term in terms)
    return topics(terms, {*used, *(place for place, term in enumerate(terms) if not term.about)}) if marked else ()


def without_manners(phrases: Sequence[str]) -> tuple[str, ...]:
    """The topics but for single words that say how a text is written: grumpy reviews are about nothing grumpy."""
    return tuple(phrase for phrase in phrases if phrase.removeprefix("a ").removeprefix("an ") not in NO_TOPICS)


def as_nouns(phrases: Sequence[str]) -> tuple[str, ...]:
    """The topics with nouns in place of adjectives: political slogans are about politics, and optimistic ones about nothing."""
    found: list[str] = []
    for phrase in phrases:
        lone = phrase in wordnet().adjectives and not wordnet().base(phrase) and phrase not in LIGHT
        noun = wordnet().pertains(phrase) if lone else None
        found += [noun.word.lower()] if noun else [] if lone else [phrase]
    return tuple(dict.fromkeys(found))


def names(prompt: str, phrases: Sequence[str], language: str) -> tuple[str, ...]:
    """The words of the topics that the prompt capitalises: Paris, SQL. Ignores sentence beginnings and Title Case."""
    words = [
        (match[1], match[2], match.end()) for match in regex.finditer(r"(^|[.!?:]\s+|\s|[^\w\s])([^\W_][\w'+#.-]*[\w+#]|[^\W_])", prompt)
    ]
    inner = [word for before, word, _ in words if before.isspace() and len(before) == 1]
    titled = sum(word[:1].isupper() for word in inner)
    title_case = language != "de" and len(inner) > 2 and titled > 0.7 * len(inner)
    wanted = set(" ".join(phrases).split())
    found = []
    for before, word, end in words:
        odd = any(c.isupper() for c in word[1:])
        begins = not before or before[0] in ".!?:"
        first = begins and (word.lower() in ARTICLES or not NAME_FOLLOWS.match(prompt, end))
        if (
            word.lower() in wanted
            and word != word.lower()
            and (odd or not (first or title_case))
            and not (prompt.isupper() and len(words) > 1)
        ):
            found.append(word)
    return tuple(dict.fromkeys(found))


def _belongs(terms: Sequence[Term], run: Sequence[int], place: int, in_prose: bool) -> bool:
    """Whether a term continues the phrase before it: "the fall of Rome" is one phrase; for code, "SQL queries" are two."""
    inner = terms[run[-1] + 1 : place]
    if len(run) >= MOST_WORDS or any(not term.plain or is_mark(term) for term in inner):
        return False
    if not in_prose and LANGUAGES & {terms[place].key, terms[run[-1]].key}:
        return False
    between = " ".join(term.key for term in inner if term.key)
    doing = _how_to(terms, run[0]) or (terms[run[-1]].about and terms[run[-1]].key.endswith("ing") and between not in POSSESSIVES)
    return not between or between in CONNECTORS or (doing and between in ARTICLES)


def _reader(terms: Sequence[Term], run: Sequence[int]) -> bool:
    """Whether a phrase ends in whom the model talks to: "opera with beginners"."""
    before = [term.key for term in terms[run[-2] + 1 : run[-1]]] if len(run) > 1 else []
    return before in (["with"], ["to"], ["for"]) and any(field == "audience" for field, _ in meanings().get(terms[run[-1]].key, ()))


def _describes(terms: Sequence[Term], place: int, used: Collection[int]) -> bool:
    """Whether a light word before a noun belongs to it, as behind an article it does: the human voice."""
    if place < 0 or place in used or is_mark(terms[place]):
        return False
    if terms[place].key in LIGHT and wordnet().base(f"{terms[place].key} {terms[place + 1].text.lower()}"):
        return True  # human body
    if not place or terms[place - 1].key not in ARTICLES:
        return False
    return terms[place].plain or terms[place].key in LIGHT


def _content(term: Term) -> bool:
    """Whether a text could be about the term; light words count only after "about"."""
    return (
        term.negated in ("", UNCLEAR_FOOD)
        and bool(term.key)
        and ((term.about and (term.key in LIGHT or term.key in ALSO_NOUNS)) or not (term.plain or term.key in LIGHT))
    )


def _machine(terms: Sequence[Term], place: int) -> bool:
    """Whether a robot is what a text is about, not what writes it: robot stories."""
    following = terms[place + 1] if place + 1 < len(terms) else None
    return terms[place].key == "robot" and following is not None and following.key in sorts()


def _is_verb(terms: Sequence[Term], place: int, open_places: Sequence[int]) -> bool:
    """Whether the term only says what is done: "predicts" in "a GPT that predicts horse races", "dies" in "where nobody dies"."""
    before = terms[place - 1].key if place else ""
    if before in SUBJECTS and terms[place].text.lower().endswith("s"):
        return True
    return before in DOERS and any(other > place for other in open_places) and terms[place].text.lower().endswith("s")


def _how_to(terms: Sequence[Term], place: int) -> bool:
    return place > 1 and (terms[place - 2].key, terms[place - 1].key) == ("how", "to")


def _acts(word: str) -> bool:
    """Whether a word is a verb that says what somebody does, and no noun."""
    return (
        word.endswith("s")
        and not word.endswith(("ss", "us", "is"))
        and word.isascii()
        and word.isalpha()
        and not (is_noun(word) or word in keys())
    )


def _phrase(terms: Sequence[Term], run: Sequence[int], in_prose: bool) -> str:
    """The words from the first to the last place, with their article."""
    last = run[-1]
    following = terms[last + 1] if last + 1 < len(terms) else None
    if following and following.key in TABLES["nouns for an adjective"] and terms[last].key.endswith(ADJECTIVE_ENDINGS):
        last += 1  # medical advice
    elif following and terms[last].key.endswith("ing") and following.text.lower() in PARTICLES:
        last += 1  # coming home
    elif terms[last].key.endswith("ing") and [term.key for term in terms[last + 1 : last + 3]] in (["at", "home"], ["from", "home"]):
        last += 2  # staying at home
    elif following and following.plain and following.text.isalpha() and wordnet().base(f"{terms[last].key} {following.key}"):
        last += 1  # a washing machine, the Middle Ages
    while last > run[0] and last in run and _acts(terms[last].text.lower()) and is_noun(terms[last - 1].text.lower()):
        last -= 1  # the dog survives
    words = [terms[place].text.lower() for place in range(run[0], last + 1)]
    phrase = " ".join(word for word in words if word).removesuffix("'s").strip("'").removeprefix("against ")
    phrase = str(BETWEEN_SIGNS.sub("", phrase))
    before = terms[run[0] - 1].key if run[0] else ""
    if _how_to(terms, run[0]):
        return " ".join([gerund(words[0]), *phrase.split()[1:]])
    if not in_prose or not phrase:
        return phrase
    if following and following.key in PEOPLE and before in ("a", "an"):
        return phrase  # in "a history teacher" the article belongs to the teacher
    if before in POSSESSIVES:
        return phrase if phrase.endswith("s") else f"{article(phrase)} {phrase}"
    return f"{article(phrase) if before in ('a', 'an') else before} {phrase}" if before in ("a", "an", "the") else phrase
