"""Cleaning: what comes out is sound and new, what does not is counted, and good text is left alone."""

from __future__ import annotations

import random
import subprocess
import sys
import unicodedata
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt.corpus.choose.chatter import has_gaps, refuses, without_chatter, without_markup
from minigpt.corpus.choose.clean import Cleaner, one_by_one
from minigpt.corpus.choose.near_duplicates import SHINGLE, NearDuplicates, words
from minigpt.corpus.documents import Document
from minigpt.corpus.prompt.understand import PRESETS, understand
from minigpt.corpus.templates import write_documents

STORY = "The old mill stood by the river.\n\nNobody had ground corn there for years, and yet the wheel turned every night."


def clean(texts: list[str], source: str = "ollama") -> tuple[list[str], Cleaner]:
    cleaner = Cleaner()
    return [found.document.text for found in cleaner(one_by_one(Document(text, source) for text in texts))], cleaner


@pytest.mark.parametrize("preset", PRESETS)
def test_what_the_writers_write_is_left_alone(preset):
    """Recipes, verse, code, letters: nothing is stripped from them, as if a language model had written them."""
    documents = list(islice(write_documents(understand("", preset), random.Random(4)), 40))
    assert len(documents) == 40
    for document in documents:
        assert without_chatter(document.text) == document.text.strip()
        assert not refuses(document.text)


@pytest.mark.parametrize(
    "around",
    [
        "Sure! Here is a story about a mill:\n\n{}",
        "Certainly! Below is a short story for adults.\n\n{}",
        "Here's a story for you:\n\n{}\n\nI hope you enjoyed it!",
        "{}\n\nLet me know if you would like another one.",
        "{} Is there anything else I can help you with?",
        "{}\n\n(Word count: 21)",
        "{}\n\nFeel free to ask for changes! I hope this helps.",
        "Of course! Here is the text:\n\n{}\n\nWould you like me to make it longer?",
        "Sure, here\N{RIGHT SINGLE QUOTATION MARK}s a story:\n{}",
        "In this scene of the sea, I've crafted a dialogue that explores what friends say. Here's the dialogue:\n\n{}",
        "I've written a short story for you.\n\n{}",
        "{}\n\nThis is a concise description of the sea, but it's a simple and relatable one.",
        "{}\nThese sentences describe the language of the sea.",
        "I'm so glad you asked a question about mills. {}",
        "I'm glad to hear that you enjoy the craft of milling!\n\n{}",
        "This is an answer to a question. {}",
        "In the previous response, I mentioned a mill. However, I can provide a more detailed answer to your question. {}",
        "I'll add some more details to this story.\nThe original text could read: {}",
        "1. A mill is old.\n2. It can go awry.\n\nHere is the text:\n\n{}",
        "Let's pretend a conversation about mills, with a few tips. Here it is:\n\n{}",
        "Here is a possible answer to this question: {}",
        "I can create a story that combines what I know of mills with a plot. {}",
        "To answer the question, simply write: {}",
        "Just a few quick sentences. {}",
        "{} Here is a piece of advice about mills.",
        'The words "mill" and "I" are missing in the original sentence. Here is the text.\n\n{}',
        "{}\n\nTranslated from the Italian to English by a machine, here is the text.",
        "{}\n\n[Your Name]\n[Your Position]",
        "{}\n\nHow about this piece of advice? It's about being yourself.",
    ],
)
def test_chatter_around_a_text_is_taken_off(around):
    assert without_chatter(around.format(STORY)) == STORY


@pytest.mark.parametrize("framed", ['"Water them early."', "\u201cWater them early.\u201d"])
def test_quotation_marks_around_a_whole_text_are_taken_off(framed):
    assert without_chatter(framed) == "Water them early."


@pytest.mark.parametrize("text", ["Sure! Here is a story:", "Is there anything else I can help with?", "I hope this helps!"])
def test_nothing_but_chatter_is_nothing(text):
    kept, cleaner = clean([text])
    assert kept == []
    assert cleaner.dropped.total() == 1


@pytest.mark.parametrize(
    "text",
    [
        "As an AI language model, I cannot write recipes.",
        "I'm sorry, but I can't help with that request.",
        "I am a large language model and I do not have personal experiences of gardens.",
        "I'm happy to help answer any gardening-related questions. What is the question?",
        "I'm ready to assist. What question do you have in mind?",
        "I'm here to support and provide guidance on various aspects of gardening, on watering plants or using compost.",
        "I'd be happy to help you with your garden. Just tell me what you need.",
        "I'm glad you enjoyed my answers! I can keep covering gardens.",
        "I\N{RIGHT SINGLE QUOTATION MARK}m unable to. I cannot provide instructions for this.",
    ],
)
def test_refusals_are_dropped(text):
    assert refuses(text)
    assert clean([text])[1].dropped == {"refusal": 1}


@pytest.mark.parametrize(
    "text",
    [
        "Dear [Author's Name] From [City Name],\n\nI am writing to you from Kenya, where it rains.",
        "Dear Ms Moreau,\n\nI am the new [insert your job here] of this house, and I write to you at once.",
        "Dear [Name],\n\nthe desks left our warehouse this morning.",
    ],
)
def test_a_form_to_be_filled_in_is_dropped(text):
    assert clean([text])[1].dropped == {"unfilled form": 1}


@pytest.mark.parametrize(
    "text",
    [
        "The list [1, 2, 3] has three numbers, and names[0] is the first of them.",
        "He read [sic] the paper of 1912 [with a smile], and [the reader] laughed.",
        "Here is the house where he lived. I can see it from my window.",
        "Dear Anna,\n\nyou asked for my soup. Here is the recipe:\n\nTake two onions.",
        "I will write a letter tonight. It will be long.",
        "I will give you a horse, said the king. He kept his word.",
        "I have added a room to the house. It looks on the sea.",
        "I will write to the mayor, he said, and he wrote a letter of nine pages.",
        "I'm happy to help you with your refund. It was sent on Monday, and will reach you within three days.",
        "I'm glad the rain has come at last. The beans need it.",
        '"Come in," she said. "The tea is hot."',
        "I'm here to fish, said the old man, and he sat down on the pier.",
    ],
)
def test_what_only_resembles_chatter_stays(text):
    assert without_chatter(text) == text
    assert not refuses(text)
    assert not has_gaps(text)


def test_markup_goes_and_code_and_arithmetic_stay():
    text = "## A **bold** title\n\n- *first* thing\n- 2 * 3 * 4 = 24\n\n---\n\nSee [a page](https://x.org), snake_case_name and _private.\n"
    assert without_markup(text) == "A bold title\n\n- first thing\n- 2 * 3 * 4 = 24\n\nSee a page, snake_case_name and _private."
    code = "Try this:\n\n```python\n# a comment, no heading\nx = a ** b ** c\nprint('**')\n```\n\nIt works."
    assert without_markup(code) == "Try this:\n\n# a comment, no heading\nx = a ** b ** c\nprint('**')\n\nIt works."
    assert without_markup("<p>One <b>word</b>.</p>\nif a < b and c > d:") == "One word.\nif a < b and c > d:"


def test_code_whose_fence_was_cut_off_loses_the_other_one():
    assert without_markup("An **example**:\n\n```python\n# two\nx = 2 * 3 * 4\nprint(x)") == "An example:\n\n# two\nx = 2 * 3 * 4\nprint(x)"


@pytest.mark.parametrize("piece", ["\n", "\n ", " ", "[", "(", "*_(", "![a](/", "\u201c ", "- ", "here is a ", "sure ok ", "```a\n"])
def test_long_runs_of_anything_are_read_in_passing(piece):
    """A pattern that tries every start against every end would take minutes for these."""
    text = "A mill." + piece * (20_000 // len(piece)) + "x"
    without_chatter(without_markup(text))
    assert not has_gaps(text) and not refuses(text)


def test_own_text_keeps_its_markup_and_loses_only_what_cannot_be_meant():
    kept, cleaner = clean(["# Title\r\n\r\nSure! Here is **bold** text.\x00\x07", "Caf\u00c3\u00a9 au lait \u00e2\u20ac\u201d good"], "own")
    assert kept == ["# Title\n\nSure! Here is **bold** text.", "Caf\u00e9 au lait \u2014 good"]
    assert cleaner.trimmed == {"encoding repaired": 1}


@pytest.mark.parametrize(
    "blank", "\x0b \x0c \x1c \x1d \x1e \x1f \x85 \xa0 \u1680 \u2000 \u2009 \u200a \u2028 \u2029 \u202f \u205f \u3000 \t".split(" ")
)
def test_white_space_of_any_kind_parts_words(blank):
    """Any line end becomes \\n and any blank a space; only the tab and the full-width blank stay."""
    [kept], _ = clean([f"one{blank}two three"], "own")
    lines = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
    assert kept == f"one{chr(10) if blank in lines else blank if blank in chr(9) + chr(0x3000) else ' '}two three"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        (
            "hy\u00adphen, zero\u200bwidth, word\u2060joiner, \ufeffmark, Auf\u200clage, x\u200dy",
            "hyphen, zerowidth, wordjoiner, mark, Auflage, xy",
        ),
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f3f3\ufe0f\u200d\U0001f308 \U0001f469\U0001f3fd\u200d\U0001f692", None),
        ("\U0001f98a\u200d and \u200d\U0001f98a", "\U0001f98a and \U0001f98a"),  # joined to nothing
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", None),  # Persian
        ("\u0915\u094d\u200d\u0937 \u0915\u094d\u200c\u0937 \u0dc1\u0dca\u200d\u0dbb\u0dd3", None),  # Devanagari, Sinhala
        ("\u0e44\u0e17\u0e22\u200b\u0e41\u0e25\u0e19\u0e14\u0e4c \u1781\u17d2\u1798\u17c2\u179a\u200b\u1797\u17b6", None),  # Thai, Khmer
        ("\u200eleft to right\u200f \u202egnp\u202c", "left to right gnp"),
        ("\u05e9\u05dc\u05d5\u05dd (C++\u200e) 3", None),
        ("\x1b[1;31mred\x1b[0m, bell\x07 and delete\x7f", "red, bell and delete"),
    ],
)
def test_what_nobody_sees_stays_where_it_has_a_meaning(text, cleaned):
    assert clean([text], "own")[0] == [cleaned or text]


PROSE = [
    "\u00c9l\u00e8ve \u00e0 l'\u00e9cole, o\u00f9 le gar\u00e7on mange. \u00ab Voil\u00e0 \u00bb, dit-il \u2014 c\u2019est d\u00e9j\u00e0",
    "T\u00f4i y\u00eau ti\u1ebfng n\u01b0\u1edbc t\u00f4i t\u1eeb khi m\u1edbi ra \u0111\u1eddi, ng\u01b0\u1eddi \u01a1i.",
    "Za\u017c\u00f3\u0142\u0107 g\u0119\u015bl\u0105 ja\u017a\u0144. \u015anieg pada ju\u017c trzeci dzie\u0144.",
    "UMA MANH\u00c3 FRIA, A MA\u00c7\u00c3 DA IRM\u00c3",
    "S\u00c3O PAULO \u00c9 LINDA. A manh\u00e3 est\u00e1 fria; \u00c1lvaro n\u00e3o vai \u00e0 ma\u00e7\u00e3.",
    "Der M\u00fcller ging \u00fcber die Stra\u00dfe, und \u201ekeiner\u201c h\u00f6rte ihn \u2026",
    "\u0416\u0438\u043b-\u0431\u044b\u043b \u0441\u0442\u0430\u0440\u0438\u043a"
    " \u0443 \u0441\u0438\u043d\u0435\u0433\u043e \u043c\u043e\u0440\u044f.",
    "\u039f \u03bb\u03cd\u03ba\u03bf\u03c2 \u03ba\u03b1\u03b9 \u03c4\u03bf \u03b1\u03c1\u03bd\u03af.",
    "\u4ece\u524d\u6709\u4e00\u53ea\u72d0\u72f8\uff0c\u4f4f\u5728\u6cb3\u8fb9\u3002\uff21\uff22\uff23\u3000\uff11\uff12",
    "\u0643\u0627\u0646 \u0647\u0646\u0627\u0643 \u062b\u0639\u0644\u0628"
    " \u0628\u0627\u0644\u0642\u0631\u0628 \u0645\u0646 \u0627\u0644\u0646\u0647\u0631.",
    "\u090f\u0915 \u0932\u094b\u092e\u0921\u093c\u0940 \u0928\u0926\u0940"
    " \u0915\u0947 \u0915\u093f\u0928\u093e\u0930\u0947 \u0930\u0939\u0924\u0940 \u0925\u0940\u0964",
    "I love foxes \U0001f98a and \u201cfun\u201d; it\u2019s 20 \u00b0C \u00b1 2, \u00a35 or 3\u00d74 \u2260 11",
    "if a[i] &lt; b and s == '\\u00e9': print(f\"{x:>5}\", `y`)  # \u2264 3 \u00b5m, 'straight' quotes, **bold**",
]


@pytest.mark.parametrize("text", PROSE)
def test_clean_text_is_left_alone(text):
    assert clean([text], "own")[0] == [unicodedata.normalize("NFC", text)]


def misread(text: str, encoding: str) -> str:
    """The text's UTF-8, read by a browser as another encoding."""
    return "".join(bytes([byte]).decode(encoding) if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else chr(byte) for byte in text.encode())


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from(PROSE), min_size=1, max_size=3), st.sampled_from(["cp1252", "latin-1"]), st.sampled_from(["\n\n", " ", "\n"])
)
def test_text_that_was_decoded_wrongly_is_mended(texts, encoding, between):
    text = between.join(texts)
    kept, cleaner = clean([misread(text, encoding)], "own")
    assert kept == clean([text], "own")[0]
    assert cleaner.trimmed == {"encoding repaired": 1}


@pytest.mark.parametrize(
    "text",
    [
        "The \u2018\u00e2\u20ac\u2019 in your file is half a quotation mark.",
        "Why do I see \u00e2\u20ac\u2122 instead of an apostrophe?",
        "The characters \u00e2\u20ac show up in my caf\u00c3\u00a9.",
        'My table says "caf\u00c3\u00a9" and a note says `\u00c3\u00a9`.',
        "\u00c3\u00a9 is what UTF-8 looks like.",
        "One half is \u00e9t\u00e9, the other is \u00c3\u00a9t\u00c3\u00a9.",
        "A wolf \u72fc and a quotation \u00e2\u20ac\x9dmark.",
    ],
)
def test_a_text_that_is_not_wrong_as_a_whole_is_left_whole(text):
    assert clean([text], "own")[0] == [text]


@pytest.mark.parametrize(
    "spoiled", ["Il va \u00c3  Paris.", "Il va \u00c3 Paris.", "Caf\u00c3\u00a9, voil\u00c3", "Caf\u00c3\u00a9, voil\u00c3 "]
)
def test_a_byte_that_became_a_blank_or_was_trimmed_off_is_found_again(spoiled):
    assert clean([spoiled], "own")[0] == ["Il va \u00e0 Paris." if "Paris" in spoiled else "Caf\u00e9, voil\u00e0"]


def test_windows_signs_that_were_read_as_controls_come_back():
    assert clean(["It\x92s fine \x96 yes\x85"], "own")[0] == ["It\u2019s fine \u2013 yes\u2026"]


def test_clean_text_does_not_wait_for_ftfy():
    """Neither the command line nor text that looks right loads it."""
    code = (
        "import sys, minigpt.cli, minigpt.run.pipeline; from minigpt.corpus.characters import mended; mended('\u00c9t\u00e9, na\u00efve'); "
    )
    subprocess.run([sys.executable, "-c", code + "assert 'ftfy' not in sys.modules"], check=True)


@pytest.mark.parametrize("text", ["\u200b\u200b", "\ufeff\n\u200e\u00a0", "\ufe0f\u200d", "\x07\x85", "\u3164\u2063"])
def test_what_nobody_can_see_is_empty(text):
    assert clean([text], "own")[1].dropped == {"empty": 1}


def test_an_opening_is_capped_for_a_language_model():
    rng = random.Random(0)
    texts = ["In a small town " + " ".join(str(rng.random()) for _ in range(20)) for _ in range(40)]
    kept, cleaner = clean(texts)
    assert len(kept) == 5
    assert cleaner.dropped == {"common opening": 35}
    assert len(clean(texts, "own")[0]) == 40


def test_a_foreign_document_is_dropped_from_a_corpus_of_one_language():
    english = [d.text for d in islice(write_documents(understand("", "story_creator"), random.Random(1)), 30)]
    german = "Der alte M\u00fcller ging jeden Abend durch das Dorf, und man kannte ihn. Er war nicht reich, aber er hatte einen Hund, der "
    german += "mit ihm auf dem Weg zum Fluss war, und sie sa\u00dfen dort, bis es dunkel wurde. Dann gingen sie nach Hause und schliefen."
    kept, cleaner = clean([*english, german], "own")
    assert cleaner.dropped == {"other language": 1}
    assert len(kept) == 30
    half = [text for pair in zip(english[:12], [f"{german} {i} {i * i}" for i in range(0, 600, 50)], strict=True) for text in pair]
    assert "other language" not in clean([*half, *half[::-1]], "own")[1].dropped


def shingles(text: str) -> set[tuple[str, ...]]:
    spoken = words(text)
    return {tuple(spoken[i : i + SHINGLE]) for i in range(max(1, len(spoken) - SHINGLE + 1))}


def test_near_duplicates_are_found_and_others_are_not():
    """Copies with a few words changed, against brute force."""
    rng = random.Random(2)
    vocabulary = [f"w{i}" for i in range(400)]
    near, texts, known, caught, missed, wrong = NearDuplicates(), [], [], 0, 0, 0
    for _ in range(400):
        if texts and rng.random() < 0.5:
            copied = rng.choice(texts).split()
            for _ in range(rng.choice([0, 1, 1, 2, 3, 8, 20])):
                copied[rng.randrange(len(copied))] = rng.choice(vocabulary)
            text = " ".join(copied)
        else:
            text = " ".join(rng.choices(vocabulary, k=rng.randrange(60, 200)))
        own = shingles(text)
        nearest = max((len(own & other) / len(own | other) for other in known), default=0.0)
        verdict = near.seen(text)
        if verdict is None:
            texts.append(text)
            known.append(own)
            missed += nearest >= 0.8
        else:
            caught += nearest >= 0.8
            wrong += nearest < 0.6
            assert (verdict == "duplicate") == (text in texts)
    assert caught > 60
    assert missed <= 0.03 * (caught + missed)
    assert wrong <= 2


@given(st.lists(st.text(max_size=30), max_size=12), st.sampled_from(["own", "ollama", "template"]))
def test_every_document_comes_out_or_is_counted(texts, source):
    kept, cleaner = clean(texts, source)
    assert len(kept) + cleaner.dropped.total() == len(texts)
    assert len({" ".join(words(text)) for text in kept}) == len(kept)
    assert clean(kept, "own")[0] == kept or source != "own"
