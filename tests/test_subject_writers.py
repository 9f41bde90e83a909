"""Documents about any subject that WordNet knows: what they claim is what WordNet says, read here from its file without the writers."""

from __future__ import annotations

import lzma
import random
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from functools import cache
from itertools import islice
from pathlib import Path

import pytest
from subject_checks import check

from minigpt.corpus.english import singular, starts_with_vowel_sound
from minigpt.corpus.mended import mended, punctuated
from minigpt.corpus.prompt.understand import describe, understand
from minigpt.corpus.request import Request
from minigpt.corpus.templates import FORMS, able, write_documents
from minigpt.corpus.templates.lessons import sure
from minigpt.corpus.templates.subject import covers
from minigpt.corpus.templates.subject_field import subject_of
from minigpt.corpus.templates.subject_sense import Entry, concepts
from minigpt.corpus.templates.subject_words import named
from minigpt.corpus.wordnet import PERSON, wordnet

DATA = Path(__file__).parent.parent / "minigpt/corpus/tables/wordnet.txt.xz"
SUBJECTS = [
    "medieval falconry", "chess", "whales", "bees and beekeeping", "steam engines", "pirate sea shanties", "the fall of rome", "jazz",
    "training a dog", "old lighthouses", "houseplants", "stoic philosophy", "penguins", "cathedrals", "volcanoes", "comets", "wine",
    "horse races", "submarines", "ancient egypt", "knitting", "tax law", "violins", "glaciers", "video games", "yoga", "dentistry",
]  # fmt: skip
# Five of them for make test: the facts of a subject take a while to gather. make slow has them all.
SOME = [topic if topic in SUBJECTS[:5] else pytest.param(topic, marks=pytest.mark.slow) for topic in SUBJECTS]
UNFIT = re.compile(
    r"\b(?:sex(?:ual\w*)?|whore|slut|penis|vagina|nigger|faggot|porno\w*|prostitut\w*|rape[sd]?|fuck\w*|shit)\b", re.IGNORECASE
)


@cache
def lines() -> list[list[str]]:
    """The fields of each synset, straight from the file."""
    text = lzma.decompress(DATA.read_bytes()).decode()
    return [line.split("\t") for line in text.split("\n\n")[0].split("\n")]


@cache
def meanings() -> dict[str, set[str]]:
    """Each word and plural, in lower case -> its definitions."""
    found: dict[str, set[str]] = {}
    for fields in lines():
        for pair in fields[0].split("|"):
            for word in pair.split("/"):
                found.setdefault(word.lower(), set()).add(punctuated(mended(fields[2])))
    return found


def means(word: str) -> set[str]:
    """The definitions of a word or of its plural."""
    return meanings().get(bare(word)) or meanings().get(bare(word).removesuffix("s")) or meanings()[bare(word).removesuffix("es")]


@cache
def ancestors(number: int) -> frozenset[int]:
    """All wider terms of a synset, however far."""
    near = {part[0]: part[1:] for part in lines()[number][6].split()}
    up = [number + int(step) for step in near["@"].split(",")] if "@" in near else []
    return frozenset(up).union(*map(ancestors, up))


@cache
def numbers(word: str) -> frozenset[int]:
    return frozenset(i for i, fields in enumerate(lines()) if word.lower() in [p.split("/")[0].lower() for p in fields[0].split("|")])


def documents(topic: str, count: int = 33, seed: int = 3, **asked: str) -> list[tuple[str, str]]:
    """(form, text) of so many documents about a topic."""
    request = able(Request("topic", tuple(FORMS["topic"]), topics=(topic,), **asked))  # type: ignore[arg-type]
    assert request.category == "subject"
    found = [(d.origin["form"], d.text) for d in islice(write_documents(request, random.Random(seed)), count)]
    assert len(found) == count
    return found


def bare(phrase: str) -> str:
    return re.sub(r"^(?:a|an|the) ", "", phrase.strip().lower())


# ---- what is claimed -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("topic", SOME[:14])
def test_what_a_glossary_says_a_word_means_is_a_definition_of_it(topic: str) -> None:
    checked = 0
    for form, text in documents(topic, 44):
        if form == "glossary":
            for line in text.split("\n\n")[2].split("\n"):
                word, meaning = re.split(r": | - |, ", line.rstrip("."), maxsplit=1)
                meaning = re.sub(r"; (?:compare|see also|see|more under|not to be mixed up with) [^;]+$", "", meaning)
                name = bare(word.removeprefix("to "))
                known = [*meanings().get(name, ()), *meanings().get(bare(singular(name)), ())]  # falcons are ...
                assert any(gloss and gloss in meaning for gloss in known), line
                checked += 1
    assert checked >= 12


@pytest.mark.slow
@pytest.mark.parametrize("topic", SUBJECTS[:14])
def test_whatever_is_called_a_kind_of_something_is_below_it(topic: str) -> None:
    """In statements; in a quiz the questions may be false, and there the answers are checked."""
    checked = 0
    for form, text in documents(topic, 198):
        if form == "quiz":
            text = text.split("Answers about")[1]
        for sentence in re.split(r"(?<=[.?!]) |\n", text):
            for word, parent in claimed(sentence) if not sentence.endswith("?") else ():
                below = numbers(bare(word)) or numbers(bare(word).removesuffix("s"))
                assert any(ancestors(number) & numbers(parent) for number in below), (word, parent, sentence)
                checked += 1
    assert checked >= 8


NAME = r"((?:an? |the )?[\w' -]+?)"


def claimed(sentence: str) -> list[tuple[str, str]]:
    """(word, wider word) of what a sentence says to be a kind of something."""
    found = re.findall(rf"(?:^|[.:] |, |for ){NAME} (?:is|are) (?:a|one) kind of ([\w' -]+?)(?=[.:,])", sentence)
    found = [(word, parent) for word, parent in found if bare(word) not in ("it", "and it", "each", "for each")]
    if match := re.search(rf"{NAME} and {NAME} are both kinds of ([\w' -]+):", sentence):
        found += [(match[1], match[3]), (match[2], match[3])]
    if match := re.match(
        r"Two kinds of ([\w' -]+) should not be mixed up: ([\w' -]+), .*?, and ((?:an? |the )[\w' -]+), (?:an? |the |any )", sentence
    ):
        found += [(match[2], match[1]), (match[3], match[1])]
    if match := re.search(rf" while {NAME}, another kind of ([\w' -]+), ", sentence):
        found.append((match[1], match[2]))
    if match := re.match(rf"{NAME} is, like ([\w', -]+?), a kind of ([\w' -]+), namely", sentence):
        found += [(word, match[3]) for word in (match[1], *re.split(r", | and ", match[2]))]
    return [(re.sub(r"^(?:Yes, |No, |because |since |for |while )", "", word).strip(), parent) for word, parent in found]


def test_the_answer_of_a_quiz_is_its_only_true_choice_and_stands_among_the_choices() -> None:
    checked = 0
    for topic in SUBJECTS[:8]:
        for form, text in documents(topic, 33):
            if form != "quiz":
                continue
            asked, answers = text.split("Answers about")
            for number, letter, meaning in re.findall(r"(?m)^(\d+)\. ([abc])\) (.*)\.$", answers):
                block = re.split(r"(?m)^\d+\. ", asked)[int(number)]
                assert f"   {letter}) {meaning}" in block, text
                word = re.search(r'"([^"]+)"|(?:is|are|was|were) (?:a |an |the |to )?([^?]+)\?', block)
                assert word and meaning.removeprefix("to ") in {g for w in (word[1] or word[2],) for g in means(w)}, block
                checked += 1
    assert checked >= 10


@pytest.mark.slow
def test_the_word_that_is_guessed_fits_every_answer() -> None:
    checked = 0
    for topic in SUBJECTS[:10]:
        for form, text in documents(topic, 33):
            if form == "guessing":
                word = re.search(r"(?:It is|Yes,|Exactly:) ([^!.,:]+?)(?:!|\.|, and you)", text.split("\n")[-1])
                assert word, text
                for parent in re.findall(r"(?:it is|: [A-Z]\w+,|It is, \w+:) a kind of ([\w' -]+)\.", text):
                    assert any(ancestors(n) & numbers(parent) for n in numbers(bare(word[1]))), (word[1], parent, text)
                    checked += 1
    assert checked >= 10


def test_falconry_brings_its_birds_and_its_things() -> None:
    texts = " ".join(text for _, text in documents("medieval falconry", 66)).lower()
    for word in ("hawk", "falcon", "peregrine", "goshawk", "hood", "prey", "falconer"):
        assert word in texts, word
    assert "birds of prey" in texts and "art of training falcons" in texts


def test_commas_are_all_that_a_definition_gets() -> None:
    """Of 10,000 definitions, the words stay, but for "and" in a row of words and for abbreviations."""
    changed = 0
    for fields in lines()[::8][:10_000]:
        new = punctuated(fields[2])
        old = fields[2].replace("e.g.", "for example").replace("i.e.", "that is")
        one, two = (re.findall(r"[a-z]+", re.sub(r"\band\b", "", text)) for text in (new, old))
        assert one == two, (new, old)
        changed += new != fields[2]
    assert 20 <= changed <= 500
    assert punctuated("a female falcon especially a female peregrine") == "a female falcon, especially a female peregrine"


# ---- how it reads ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("topic", SOME)
def test_every_document_is_clean_and_rich_in_words_of_its_subject(topic: str) -> None:
    subject = subject_of(topic)
    assert subject is not None
    everything = " ".join(f"{e.word} {e.many} {e.sense.gloss} {e.sense.more}" for e in (*subject.mains, *subject.entries))
    words = set(re.findall(r"[a-z]{4,}", everything.lower()))
    for form, text in documents(topic):
        assert len(words & set(re.findall(r"[a-z]{4,}", text.lower()))) >= 10, text
        assert text.isascii() and not re.search(r"[{}\[\]|~]|\ba\(n\)|\.\.| ,| \.|\bNone\b", text), text
        assert not re.search(r"\b([a-z]+) \1\b", text), text
        for article, word in re.findall(r"\b([Aa]n?) ([a-z]{3,})", text):
            assert (article.lower() == "an") == starts_with_vowel_sound(word), f"{article} {word}"
        if form in ("entry", "letter", "talk", "comparison", "diary"):
            for part in re.split(r"(?<=[.?!]) |\n+", text):
                assert not re.match(r"[a-z]", part) or re.search(r"\b(?:[A-Z]|St|Mr|Mrs|Dr)\. " + re.escape(part[:8]), text), part
        assert not UNFIT.search(text), text
        assert 60 <= len(text.split()) <= 350, text


@pytest.mark.slow
def test_sixty_random_nouns_of_all_fields_can_be_written_about() -> None:
    """Nouns that people use, of every field: nearly all have a subject, and whoever has one gets distinct, clean documents."""
    net, rng = wordnet(), random.Random(5)
    used = sorted({s.word for i in range(0, len(net.lines), 7) for s in [net[i]] if s.word.islower() and net.uses(s.word) > 4})
    chosen = [word for word in rng.sample(used, 60)]
    known = [word for word in chosen if subject_of(word) and not sure(Request("topic", (), topics=(word,)))]  # a ratio is taught in lessons
    assert len(known) >= 48
    for word in known:
        texts = [text for _, text in documents(word, 11)]
        assert len(set(texts)) == 11 and not any(
            UNFIT.search(text) or re.search(r"[{}\[\]|]|  ", re.sub(r"(?m)^ +", "", text)) for text in texts
        )


@pytest.mark.slow
def test_a_form_lasts_and_varies() -> None:
    for form in ("guessing", "comparison", "glossary", "letter"):  # the first three have the fewest phrases
        request = Request("subject", (form,), topics=("medieval falconry",))
        texts = [d.text for d in islice(write_documents(request, random.Random(4)), 2000)]
        assert len(texts) == len(set(texts)) == 2000, form


def test_two_subjects_have_hardly_a_sentence_in_common() -> None:
    found = []
    for topic in ("pirate sea shanties", "castles"):
        text = "\n".join(text for _, text in documents(topic, 200))
        parts = re.split(r"(?<=[.?!]) |\n", re.sub(r"(?m)^(?:\w+: |\d\. |Q: |A: )", "", text))
        found.append(Counter(part for part in parts if len(part.split()) > 4))
    common = sum(count for part, count in found[0].items() if part in found[1])
    assert common < 0.05 * sum(found[0].values())


@pytest.mark.parametrize("topic", SOME)
def test_documents_stand_the_checks(topic: str) -> None:
    request = able(Request("topic", tuple(FORMS["topic"]), topics=(topic,)))
    ideas = set()
    for document in islice(write_documents(request, random.Random(topic)), 44):
        found = check(document.text, replace(request, forms=(document.origin["form"],)))
        assert not found, f"{found}\n{document.text}"
        ideas.add(document.origin["idea"])
    assert len(ideas) >= 10


# ---- which meaning ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("topic", "word", "said"),
    [
        ("chess", "chess", "board game"), ("whales", "whale", "cetacean"), ("pirates", "pirate", "robs at sea"),
        ("wizards", "wizard", "magic"),
        ("jazz", "jazz", "music"), ("medieval falconry", "falconry", "falcons"), ("the fall of rome", "Rome", "city"),
        ("tropical fish care", "fish", "aquatic"), ("a mars colony and planets", "planet", "celestial"), ("bridges", "bridge", "structure"),
        ("pirate sea shanties", "shanty", "song"), ("training a dog", "dog", "domesticated"),
        ("cranes", "crane", "bird"), ("swallows", "swallow", "songbird"), ("the human heart", "heart", "muscular organ"),
        ("medical terms", "medicine", "medical science"),
    ],
)  # fmt: skip
def test_the_meaning_is_the_one_that_people_mean(topic: str, word: str, said: str) -> None:
    assert any(entry.word == word and said in entry.sense.gloss for entry in concepts(topic))


@pytest.mark.parametrize(
    ("topic", "strange"),
    [
        ("keys", "puddingwife"), ("springs", "bridal wreath"), ("bats", "snick"), ("pens", "cow pen"), ("the moon", "satellite television"),
        ("sailing", "paper route"), ("a small town", "Inca"),
    ],
)  # fmt: skip
def test_what_means_something_else_by_a_word_does_not_belong_to_it(topic: str, strange: str) -> None:
    found = subject_of(topic)
    assert found is not None and strange not in {entry.word for entry in found.entries}


def test_the_second_word_of_a_topic_counts_too() -> None:
    assert [entry.word for entry in concepts("medieval falconry")] == ["falconry", "Middle Ages"]
    texts = " ".join(text for _, text in documents("medieval falconry", 44))
    assert "Middle Ages" in texts or "medieval helmet" in texts


def test_what_wordnet_does_not_know_is_talked_around_and_the_plan_says_so() -> None:
    assert subject_of("zorblax") is None
    request = understand("a GPT about zorblax")
    assert not covers(request) and able(request).category == "topic"
    assert "only talk around it" in describe(request)[1]


def test_german_words_are_not_read_as_english_ones() -> None:
    assert not covers(Request("topic", ("answer",), topics=("gift",), language="de")) and covers(
        Request("topic", ("answer",), topics=("bees",))
    )


def test_no_synset_is_unfit() -> None:
    assert not [fields for fields in lines() if UNFIT.search(" ".join(fields[:6]))]


def entries() -> list[tuple[str, Entry]]:
    """Every word of every subject that the tests name, with the subject's word."""
    return [(subject.mains[e.main].word, e) for topic in SUBJECTS if (subject := subject_of(topic)) for e in subject.entries]


def test_no_definition_that_is_told_breaks_off() -> None:
    ends = r"\b(?:including|such as|the|an?|its|their|and|or|of|from|for|with|which)$"
    assert not [(e.word, e.sense.gloss) for _, e in entries() if e.sense.kind != "v" and re.search(ends, e.sense.gloss)]


def test_what_is_there_once_takes_no_a() -> None:
    once = [e for _, e in entries() if e.sense.single and e.word[0].isupper()]
    assert len(once) > 20
    assert not [e.word for e in once if re.match(r"an? ", named(e.sense, e.word))]
    assert named(next(s for s, _ in wordnet().senses("town") if s.file == PERSON), "Ithiel Town") == "Ithiel Town"


@pytest.mark.parametrize(
    "word", ["furniture", "clothing", "soccer", "canasta", "horseback", "milling", "running", "heartwood", "counterfire"]
)
def test_what_nobody_counts_takes_no_article(word: str) -> None:
    sense = next(s for s, _ in wordnet().senses(word) if s.gloss)
    assert named(sense, word) == word


@pytest.mark.parametrize("word", ["salmon", "nickel", "black widow", "shilling", "blizzard"])
def test_what_is_counted_takes_one(word: str) -> None:
    assert any(named(s, word) in (f"a {word}", f"an {word}") for s, _ in wordnet().senses(word))


def test_a_word_of_a_subject_has_no_other_meaning_of_its_kind() -> None:
    net = wordnet()
    for topic in SUBJECTS:
        subject = subject_of(topic)
        for e in subject.entries if subject else ():
            main = subject.mains[e.main].sense if subject else e.sense
            assert not any(other is not e.sense and net.is_a(other, main) for other, _ in net.senses(e.word)), (topic, e.word)


# ---- as the request wants it -----------------------------------------------------------------------------------------------------


def test_tone_length_and_audience() -> None:
    mean = {length: sum(len(t.split()) for _, t in documents("castles", 66, length=length)) for length in ("short", "long")}
    assert mean["short"] * 1.4 < mean["long"]
    assert all("P.S. " in text for _, text in documents("castles", 33, tone="fun"))
    assert not any("!" in text for _, text in documents("castles", 66, tone="formal"))
    children = documents("castles", 33, audience="children")
    assert max(len(part.split()) for _, text in children for part in re.split(r"[.?!:\n]", text)) < 45


def test_what_is_left_out_stays_out() -> None:
    request = able(Request("topic", tuple(FORMS["topic"]), topics=("castles",), without=("moat", "keep")))
    texts = [d.text.lower() for d in islice(write_documents(request, random.Random(2)), 60)]
    assert texts and not any(re.search(r"\b(?:moats?|keeps?)\b", text) for text in texts)


def test_forms_that_were_asked_for() -> None:
    request = able(Request("topic", ("letter", "poem"), topics=("castles",)))
    assert request.forms == ("letter", "poem")
    request = understand("A friendly assistant for everyday conversation about gardening")
    assert able(request).category in ("general", "subject") and "conversation" in (*able(request).forms, "conversation")


def test_documents_name_wordnet_and_depend_on_the_seed_alone() -> None:
    request = able(Request("topic", tuple(FORMS["topic"]), topics=("castles",)))
    document = next(write_documents(request, random.Random(1)))
    idea = document.origin["idea"]
    assert document.origin == {"category": "subject", "form": request.forms[0], "idea": idea, "facts": "wordnet"} and "castle" in idea
    assert documents("castles", 40, seed=8) == documents("castles", 40, seed=8) != documents("castles", 40, seed=9)


def test_a_cooking_corpus_never_opens_the_file() -> None:
    code = """
import random, lzma
def closed(*args, **kwargs): raise AssertionError("WordNet was opened")
lzma.decompress = closed
from itertools import islice
from minigpt.corpus.prompt.understand import describe, understand
from minigpt.corpus.templates import write_documents
for prompt in ("vegan soups", "haiku about autumn", "python tutorials", "business e-mails", ""):
    request = understand(prompt)
    describe(request)
    assert len(list(islice(write_documents(request, random.Random(1)), 20))) == 20
"""
    subprocess.run([sys.executable, "-c", code], check=True)
