"""WordNet's synsets as prose: things with their kinds and parts, questions and answers, guessing games, verbs and adjectives in use."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

ANIMAL, ARTIFACT, BODY, FOOD, OBJECT, PLANT = 5, 6, 8, 13, 17, 20  # lexicographer files of WordNet
UNFIT = re.compile(
    r"\b(offensive|disparag\w+|obscen\w+|slurs?|vulgar\w*|ethnic|derogatory|sex\w*|genital\w*|coit\w+|copulat\w+|vagin\w+|penis\w*|prostitut\w*|"
    r"rap(e|es|ist|ed|ing)|masturbat\w*|erotic\w*|porno\w*|homosexual\w*|lesbian\w*|whor\w*|bitch\w*|bastard\w*|fuck\w*|shit\w*|cunt\w*|piss\w*|nigg\w+|negro\w*|"
    r"coon|kike|spic|wop|dyke|faggot\w*|queer|slut\w*|harlot\w*|brothel\w*|orgasm\w*|semen|anus|scrot\w+|testic\w+|vulva\w*|cocaine|heroin|suicid\w*|"
    r"incest\w*|feces|fecal|excrement|turds?|fart\w*|breasts?|nipples?|intercourse|lewd\w*|nude|naked|pimp|gook|chink|darky|jap|jew|redskin|squaw)\b",
    re.IGNORECASE,
)
MANNER = re.compile(
    r"informal|formal|slang|colloquial|archaic|usually|used|often|plural|trade|figurative|British|American|prefatory|from|of |by |in |on |or |as |with"
)
LATIN = re.compile(
    r"^(genus|family|order|suborder|class|subclass|phylum|division|subfamily|superfamily|kingdom|tribe|species|suborder|superorder) "
)
NAMES = [
    "Anna",
    "Tom",
    "Maya",
    "Ben",
    "Lucy",
    "Omar",
    "Grace",
    "Hugo",
    "Nora",
    "Sam",
    "Ivy",
    "Leo",
    "Rosa",
    "Max",
    "Ella",
    "Finn",
    "Zoe",
    "Jack",
]


@dataclass(frozen=True)
class Synset:
    """One meaning: its words, its definition, its examples, and pointers (symbol, offset, part of speech)."""

    offset: int
    file: int
    words: list[str]
    definition: str
    examples: list[str]
    pointers: list[tuple[str, int, str]]

    @property
    def word(self) -> str:
        return self.words[0]

    def to(self, *symbols: str) -> list[int]:
        return [offset for symbol, offset, part in self.pointers if symbol in symbols and part]


def parse(data: bytes) -> dict[int, Synset]:
    """The synsets of a data file, in its order, less those that are unfit for all readers."""
    found = {}
    for line in data.decode("latin-1").splitlines():
        if line.startswith("  ") or " | " not in line:
            continue
        head, gloss = line.split(" | ", 1)
        field, part = head.split(), head.split()[2]
        count = int(field[3], 16)
        words = [re.sub(r"\(\w+\)$", "", word).replace("_", " ") for word in field[4 : 4 + 2 * count : 2]]
        at = 5 + 2 * count
        pointers = [(field[i], int(field[i + 1]), field[i + 2].replace("s", "a")) for i in range(at, at + 4 * int(field[at - 1]), 4)]
        own = [(symbol, offset, kind if kind == part.replace("s", "a") else "") for symbol, offset, kind in pointers]
        definition, examples = split_gloss(gloss)
        if definition and not UNFIT.search(" ".join([*words, gloss])):
            found[int(field[0])] = Synset(int(field[0]), int(field[1]), words, definition, examples, own)
    return found


def split_gloss(gloss: str) -> tuple[str, list[str]]:
    """Definition and example sentences; a quotation with its author's name is left out."""
    gloss = gloss.strip().replace("`", "'").replace("_", " ")
    examples = [text.strip() for text, after in re.findall(r'"([^"]+)"([^";]*)', gloss) if not re.search(r"[-–]+ ?[A-Z]|by [A-Z]", after)]
    definition = re.sub(r"\s+", " ", re.split(r'[;:,]?\s*"', gloss)[0]).strip(" ;:,")
    definition = re.sub(r"[;,] as in( the (expression|phrase))?$", "", definition)
    return definition, [text for text in examples if len(text.split()) > 1]


def upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    text = upper(text.strip())
    return text if text.endswith((".", "!", "?")) and not text.endswith((" .", "..")) else text.rstrip(" .,;") + "."


def listed(words: list[str], last: str = "and") -> str:
    """Words as a list in prose: a, b and c."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def article(word: str) -> str:
    vowel = word[0].lower() in "aeiou" and not re.match(r"(?i)(uni([^nm]|f)|use|usu|eu|one\b|once|ut[ei])", word)
    return f"an {word}" if vowel or re.match(r"(?i)(hour|heir|honest|honou?r)", word) else f"a {word}"


def name(s: Synset) -> str:
    """The word as it stands in a sentence: "a falcon", "gold", "Paris"."""
    counted = re.match(r"(a|an|any|one|someone|either|each|that part) ", s.definition) and not s.word[0].isupper()
    counted = counted or (s.file == 18 and s.word[0].islower())
    return article(s.word) if counted and not re.search(r"[^s]s$", s.word) else s.word


def define(s: Synset, rng: random.Random) -> str:
    """One sentence that says what a noun means."""
    domain = re.match(r"\((\w[\w ]+)\) ", s.definition)
    meaning = s.definition[domain.end() :] if domain else s.definition
    lead = f"in {domain.group(1)}, " if domain and s.file != 18 and not re.search(MANNER, domain.group(1)) else ""
    if s.word[0].isupper() and re.search(r"\d{3,4}-|died|(B\.?C\.?|BC)\)", meaning):
        return sentence(f"{lead}{s.word} was {article_of(meaning)}")
    if article_of(meaning) != meaning or re.match(r"(a|an|any|the|one|someone|something|either|all|each|that|those) ", meaning):
        verb = (
            "are"
            if re.search(r"(?<![suio'])s$", s.word)
            and re.match(r"(the|those|all) ", meaning)
            and s.word[0].islower()
            and s.word.endswith("ies")
            else "is"
        )
        return sentence(f"{lead}{name(s)} {verb} {article_of(meaning)}")
    forms = [f"{s.word}: {meaning}", f'{lead}the word "{s.word}" means {meaning}', f"{s.word} means {meaning}"]
    return sentence(forms[0] if s.word[0].isupper() else rng.choice(forms))


def article_of(meaning: str) -> str:
    """A definition that begins with a bare noun, as WordNet's lines on people do, with its article."""
    return (
        article(meaning)
        if re.match(r"(?!(the|a|an|any|one|someone|something|either|all|each|that|those)\b)[A-Za-z-]+ .*(who|\d{4}|\()", meaning)
        else meaning
    )


def latin(s: Synset) -> bool:
    """Whether a synset is a group of living things with no English name."""
    return any(map(LATIN.match, s.words)) or bool(re.match(r"(a |an |the )?(\w+ )?(genus|family)\b", s.definition) and s.word[0].isupper())


def shown(synsets: dict[int, Synset], offsets: Iterable[int]) -> list[Synset]:
    """The synsets of the offsets that are there and not Latin names of groups."""
    return [synsets[o] for o in offsets if o in synsets and not latin(synsets[o])]


def noun_articles(name_: str, data: bytes) -> Iterator[str]:
    """An article for each noun that has kinds, parts or examples of its own."""
    synsets = parse(data)
    for s in synsets.values():
        kinds = shown(synsets, s.to("~", "~i"))
        if latin(s) or not (kinds or s.to("%p", "%m", "%s") or s.examples):
            continue
        rng = random.Random(s.offset)
        lead = about_noun(s, synsets, rng)
        for at in range(0, max(1, len(kinds)), 16):
            text = "\n\n".join([lead if at == 0 else define(s, rng), *kinds_of(s, kinds[at : at + 16], rng)])
            if len(text) >= 160:
                yield text


def about_noun(s: Synset, synsets: dict[int, Synset], rng: random.Random) -> str:
    """What a thing is, its other names, the kind that it belongs to, its parts, and the word in use."""
    said = [define(s, rng)]
    others = [word for word in s.words[1:] if word.lower() != s.word.lower()]
    if others:
        said.append(
            rng.choice(["It is also called {}.", "Another name is {}.", "You may also say {}.", "Some people call it {}."]).format(
                listed(others, "or")
            )
        )
    for parent in shown(synsets, s.to("@"))[:1]:
        forms = (
            ["It is a kind of {0}: {1}.", "It is a kind of {0}, that is, {1}.", "It is a kind of {0}.", "The wider word is {0}: {1}."]
            if len(parent.definition) < 90
            else ["It is a kind of {0}."]
        )
        said.append(upper(rng.choice(forms).format(parent.word, parent.definition)))
    whole = shown(synsets, s.to("#p"))
    if whole:
        said.append(f"It is part of {listed([name(w) for w in whole[:4]])}.")
    parts = shown(synsets, s.to("%p", "%m", "%s"))[:20]
    if len(parts) > 1:
        said.append(
            upper(
                rng.choice(["it has these parts: {}.", "its parts are {}.", "among its parts are {}."]).format(
                    listed([p.word for p in parts])
                )
            )
        )
    said += [rng.choice(['For example: "{}"', 'As in: "{}"', "{}", "{}"]).format(sentence(text)) for text in s.examples]
    return " ".join(said)


def kinds_of(s: Synset, kinds: list[Synset], rng: random.Random) -> list[str]:
    """The kinds of a thing, each with its meaning: as a list or as prose."""
    if not kinds:
        return []
    if len(kinds) == 1:
        return [f"One kind of {s.word} is {name(kinds[0])}. {define(kinds[0], rng)}"]
    style = rng.randrange(4)
    if style == 0:
        return [f"Kinds of {s.word}:\n" + "\n".join(f"- {k.word}: {k.definition}" for k in kinds)]
    head = [
        f"There are several kinds of {s.word}.",
        f"Kinds of {s.word} include {listed([k.word for k in kinds[:5]])}.",
        f"Here are some examples of {s.word}.",
    ][style - 1]
    told = [" ".join([define(k, rng), *map(sentence, k.examples[:1])]) for k in kinds]
    return [" ".join([head, *told])] if style < 3 else [head, *told]


def noun_questions(name_: str, data: bytes) -> Iterator[str]:
    """Questions and answers about neighbouring nouns, eight or so at a time, in several forms."""
    synsets = parse(data)
    chosen = [
        s
        for s in synsets.values()
        if not latin(s) and 12 < len(s.definition) < 160 and len(s.word.split()) < 4 and random.Random(s.offset).random() < 0.6
    ]
    yield from conversations(chosen, lambda s, rng: ask_noun(s, synsets, rng))


def ask_noun(s: Synset, synsets: dict[int, Synset], rng: random.Random) -> tuple[str, str]:
    """A question about a noun, and its answer."""
    thing, parents, parts = name(s), shown(synsets, s.to("@", "@i")), shown(synsets, s.to("%p"))
    pick = rng.random()
    if pick < 0.12 and parents:
        return rng.choice([f"What kind of thing is {thing}?", f"What is {thing} a kind of?"]), sentence(
            f"{thing} is a kind of {parents[0].word}"
        )
    if pick < 0.22 and parents:
        false = rng.choice(list(synsets.values())[:: max(1, len(synsets) // 300)])
        if rng.random() < 0.5:
            return f"Is {thing} a kind of {parents[0].word}?", f"Yes. {define(s, rng)}"
        return f"Is {thing} a kind of {false.word}?", f"No, it is a kind of {parents[0].word}. {define(s, rng)}"
    if pick < 0.3 and len(parts) > 1:
        return f"What are the parts of {thing}?", sentence(listed([p.word for p in parts[:12]]))
    if pick < 0.4 and len(s.words) > 1:
        return rng.choice([f"What is another word for {s.word}?", f"Give me a synonym of {s.word}."]), sentence(listed(s.words[1:], "or"))
    if pick < 0.5 and s.examples:
        return f'Use the word "{s.word}" in a sentence.', sentence(rng.choice(s.examples))
    if pick < 0.65:
        return f"What is the word for this: {s.definition}?", sentence(thing)
    ask = (
        "Who is {0}?"
        if s.file == 18 and s.word[0].isupper()
        else rng.choice(["What is {0}?", "What is {0}?", 'What does "{1}" mean?', "Explain {0}.", "Tell me what {0} is."])
    )
    return ask.format(thing, s.word), define(s, rng)


def conversations(synsets: list[Synset], ask: Callable[[Synset, random.Random], tuple[str, str]]) -> Iterator[str]:
    """Questions and answers on runs of synsets, with one pair of speakers for each document."""
    at = 0
    while at < len(synsets):
        rng = random.Random(synsets[at].offset + 1)
        size = rng.randint(3, 10)
        one, two = rng.sample(NAMES, 2)
        pairs = [
            ("Question", "Answer"),
            ("Q", "A"),
            ("Teacher", "Pupil"),
            ("User", "Assistant"),
            (one, two),
            (f"{one} asked", f"{two} said"),
            ("", ""),
        ]
        first, second = rng.choice(pairs)
        turns = []
        for s in synsets[at : at + size]:
            question, answer = ask(s, rng)
            if first.endswith("asked"):
                verb = rng.choice([f"said {two}.", f"{two} answered.", f"{two} replied.", f"{two} told {one}."])
                turns.append(f'"{question}" {rng.choice([f"asked {one}.", f"{one} asked."])}\n\n"{answer[:-1]}," {verb}')
            else:
                turns.append(f"{first}: {question}\n{second}: {answer}" if first else f"{question}\n{answer}")
        yield "\n\n".join(turns)
        at += size


def guessing_games(name_: str, data: bytes) -> Iterator[str]:
    """Somebody thinks of a thing, and somebody guesses it by going down the tree of kinds."""
    synsets = parse(data)
    everything = [
        s for s in synsets.values() if s.file in (ANIMAL, ARTIFACT, BODY, FOOD, OBJECT, PLANT) and s.word.islower() and not latin(s)
    ]
    known = [s for s in everything if len(s.to("~")) > 3]
    for s in everything:
        rng = random.Random(s.offset + 2)
        chain = ancestors(s, synsets)
        if len(chain) < 3 or len(s.definition) > 140 or s.word in s.definition or rng.random() > 0.22:
            continue
        one, two = rng.sample(NAMES, 2)
        turns = [
            f"{one}: {rng.choice(['I am thinking of something. Can you guess it?', 'Guess what I have in mind.', 'Let us play a game. I think of a thing and you ask.'])}"
        ]
        for parent in chain[-1:0:-1][-rng.randint(2, 4) :]:
            if rng.random() < 0.5:
                other = rng.choice(known)
                if other.offset not in {p.offset for p in chain} and not (set(other.to("@")) & {p.offset for p in chain}):
                    turns += [
                        f"{two}: Is it {article(other.word)}?",
                        f"{one}: {rng.choice(['No.', 'No, it is not.', 'Not at all!', 'No, try again.'])}",
                    ]
            turns += [
                f"{two}: Is it a kind of {parent.word}?",
                f"{one}: {rng.choice(['Yes.', 'Yes, it is.', 'That is right.', 'Yes, well done.'])}",
            ]
        turns += [
            f"{two}: {rng.choice(['Give me a hint.', 'What is it like?', 'Tell me more about it.'])}",
            f"{one}: {sentence(s.definition)}",
        ]
        turns += [
            f"{two}: {rng.choice(['Is it', 'Then it must be', 'I know! It is'])} {article(s.word)}{rng.choice('!.')}",
            f"{one}: {rng.choice(['Yes! You have guessed it.', 'Right!', 'Exactly. Now it is your turn.'])}",
        ]
        yield (
            "\n".join(turns)
            .replace("Is it " + article(s.word) + ".", "Is it " + article(s.word) + "?")
            .replace("Is it " + article(s.word) + "!", "Is it " + article(s.word) + "?")
        )


def ancestors(s: Synset, synsets: dict[int, Synset]) -> list[Synset]:
    """A synset, its parent, and so on up to a plain word such as "animal" (the abstract top of the tree is left out)."""
    chain = [s]
    while (up := shown(synsets, chain[-1].to("@"))[:1]) and up[0].word not in (
        "whole",
        "object",
        "matter",
        "physical entity",
        "entity",
        "organism",
        "thing",
        "substance",
    ):
        chain += up
    return chain


def word_senses(name_: str, data: bytes) -> Iterator[str]:
    """A dictionary's entry for each word that has several meanings."""
    part = {"noun": "noun", "verb": "verb", "adj": "adjective", "adv": "adverb"}[name_.rsplit(".", 1)[-1]]
    senses: dict[str, list[Synset]] = {}
    for s in parse(data).values():
        for word in s.words:
            senses.setdefault(word, []).append(s)
    for word, found in senses.items():
        if len(found) < 2:
            continue
        rng = random.Random(word)
        uses = [f"{s.definition}" + "".join(f'; "{text}"' for text in s.examples[:2]) for s in found]
        head = rng.choice([f"{word} ({part})", f"{word}, {part}", f'The {part} "{word}" has {len(found)} meanings:'])
        text = "\n".join([head, *(f"{i}. {use}" for i, use in enumerate(uses, 1))])
        if len(text) > 250:
            yield text


def verbs(name_: str, data: bytes) -> Iterator[str]:
    """Verbs that lie near each other, with what they mean and how they are used."""
    yield from runs(list(parse(data).values()), about_verb)


def about_verb(s: Synset, rng: random.Random) -> str:
    meaning = re.sub(r"^\((\w+)\) ", "", s.definition)
    forms = [
        f"To {s.word} is to {meaning}.",
        f"To {s.word} means to {meaning}.",
        f"When you {s.word}, you {meaning}.",
        f"{upper(s.word)}: {meaning}.",
    ]
    return " ".join([rng.choice(forms), *synonyms(s, rng), *map(sentence, s.examples)])


def modifiers(name_: str, data: bytes) -> Iterator[str]:
    """Adjectives or adverbs that lie near each other, with what they mean and how they are used."""
    yield from runs(list(parse(data).values()), about_modifier)


def about_modifier(s: Synset, rng: random.Random) -> str:
    forms = [
        f'"{upper(s.word)}" means {s.definition}.',
        f"{upper(s.word)}: {s.definition}.",
        f'If something is called "{s.word}", this is meant: {s.definition}.',
    ]
    return " ".join([rng.choice(forms[: 2 if s.file == 2 else 3]), *synonyms(s, rng), *use(s.examples, rng)])


def use(examples: list[str], rng: random.Random) -> list[str]:
    """Examples: whole sentences as they are, phrases in quotes."""
    phrases = [f'"{text}"' for text in examples if len(text.split()) < 5 and not text[0].isupper()]
    return [sentence(text) for text in examples if f'"{text}"' not in phrases] + (
        [f"{rng.choice(['As in', 'For example:', 'We say'])} {listed(phrases)}."] if phrases else []
    )


def synonyms(s: Synset, rng: random.Random) -> list[str]:
    return (
        [rng.choice(["Near it in meaning: {}.", "You can also say {}.", "Synonym: {}.", "Similar: {}."]).format(listed(s.words[1:], "or"))]
        if len(s.words) > 1
        else []
    )


def runs(synsets: list[Synset], about: Callable[[Synset, random.Random], str]) -> Iterator[str]:
    """Paragraphs on neighbouring synsets, four to twelve in one document."""
    at = 0
    while at < len(synsets):
        rng = random.Random(synsets[at].offset + 3)
        size = rng.randint(4, 12)
        yield re.sub(r"(?<!\.)\.\.(?!\.)", ".", "\n\n".join(about(s, rng) for s in synsets[at : at + size]))
        at += size


def use_questions(name_: str, data: bytes) -> Iterator[str]:
    """Questions about verbs, adjectives or adverbs: meanings, synonyms, opposites, sentences."""
    synsets = parse(data)
    chosen = [s for s in synsets.values() if s.examples or len(s.words) > 1 or s.to("!")]
    yield from conversations(chosen, lambda s, rng: ask_use(s, synsets, rng))


def ask_use(s: Synset, synsets: dict[int, Synset], rng: random.Random) -> tuple[str, str]:
    opposite = shown(synsets, s.to("!"))
    if opposite and rng.random() < 0.5:
        return f'What is the opposite of "{s.word}"?', sentence(opposite[0].word)
    if s.examples and rng.random() < 0.5:
        word = next((w for w in s.words if any(w[:4] in text for text in s.examples)), s.word)
        return rng.choice(
            [f'Use "{word}" in a sentence.', f'Make a sentence with the word "{word}".', f'Can you give me an example of "{word}"?']
        ), sentence(next((t for t in s.examples if word[:4] in t), s.examples[0]))
    if len(s.words) > 1 and rng.random() < 0.5:
        return rng.choice([f'What is another word for "{s.word}"?', f'Give me a synonym of "{s.word}".']), sentence(
            listed(s.words[1:], "or")
        )
    return f'What does "{s.word}" mean?', sentence(s.definition)
