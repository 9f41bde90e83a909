"""Plans varied documents: lists topics, forms, readers, tones and openings for a prompt, and draws a writing task for each request."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import reduce
from typing import Any

from minigpt.corpus.english import article, either_number, singular
from minigpt.corpus.ollama.client import Answer
from minigpt.corpus.ollama.limits import Missing, Refused, Slow, TeacherGone, Unusable, plain
from minigpt.corpus.ollama.teacher import Notify, Question
from minigpt.corpus.prompt.legible import legible
from minigpt.corpus.prompt.lexicon import TABLES
from minigpt.corpus.request import Request
from minigpt.corpus.templates.persona_voices import character
from minigpt.corpus.words import load_words
from minigpt.errors import MinigptError, counted

WORDS = load_words("ollama")
LISTS = ("topics", "forms", "audiences", "tones", "openings", "words")
ENTRY = 80  # most characters of an entry
TOPICS, SEED_WORDS, LEAST_TOPICS = 24, 24, 5
ATTEMPTS = 2  # to get a plan by schema
PLAN_TOKENS = 700
EXTRAS = 2  # how many of reader, tone, words and opening a request prescribes; a model that could make no plan is given none
TOKENS_A_WORD = 1.6  # in the teacher's vocabulary; scripts other than Latin need more
DENSE = ("ja", "zh", "ko", "th", "ar", "he", "hi", "bn", "fa", "el", "ru", "uk", "bg")
AUTHOR = re.compile(
    r"^(?:an?|the|my)\s+(?:[\w-]+\s+){0,3}?(?:GPT|AI|model|bot|chatbot|assistant)\s+(that|which|who|about|on)\s+(.+)$", re.IGNORECASE
)
SUBJECT = re.compile(r"^.*\b(?:about|on|of|for)\s+|^\w+\s+", re.IGNORECASE)  # what precedes the subject: "gives advice on", "writes"
ABOUT = re.compile(r"\b(?:about|on|of|for|from|by|to)\b\s*", re.IGNORECASE)
WORD = re.compile(r"\w+")
BULLET = re.compile(r"^\s*(?:[-*•]|\(?\d+[.):])?\s*")

Ask = Callable[[Question], Answer]


@dataclass(frozen=True)
class Plan:
    """The lists that requests draw from; each has at least one entry."""

    made_by: str  # schema, lines, or tables if the model could make none
    topics: tuple[str, ...]
    forms: tuple[str, ...]
    audiences: tuple[str, ...]
    tones: tuple[str, ...]
    openings: tuple[str, ...]
    words: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The content of the journal's plan file."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Plan:
        """The plan in such a file; MinigptError if it is damaged."""
        lists = {name: tuple(clean_entries(value.get(name))) for name in LISTS}
        if not all(lists.values()):
            raise MinigptError("the saved plan of the corpus, checkpoint/teacher-plan.json, is damaged; delete it, and a new plan is made")
        return cls(made_by=plain(value.get("made_by", "")), **lists)

    def joined(self, more: Plan) -> Plan:
        """The union of both plans' entries."""
        both = {name: tuple(dict.fromkeys((*getattr(self, name), *getattr(more, name)))) for name in LISTS}
        return Plan(made_by=self.made_by, **both)


@dataclass(frozen=True)
class Task:
    """One document to write."""

    system: str
    prompt: str
    tokens: int  # most to generate
    form: str
    topic: str
    words: int  # asked for; 0 if the form decides


def make_plan(ask: Ask, prompt: str, request: Request, seed: int, seconds: float, say: Notify) -> Plan:
    """The model's own plan by schema, else the topics it lists in plain text, else the built-in tables; reports which."""
    question = {"author": role(prompt, request), "topics": TOPICS, "words": SEED_WORDS, "language": language(request)}
    tables = built_in(prompt, request)
    for attempt in range(ATTEMPTS):
        text = WORDS["plan"]["schema"].format_map(question)
        heat = 0.0 if attempt == 0 else 0.7  # at temperature 0 a retry would get the same answer
        found = _try(ask, Question(text, PLAN_TOKENS, seed + attempt, WORDS["plan"]["system"], heat, schema(), seconds), from_schema)
        if len(found.get("topics", [])) >= LEAST_TOPICS:
            return _report(_merge("schema", found, tables), say)
    found = _try(
        ask, Question(WORDS["plan"]["lines"].format_map(question), PLAN_TOKENS, seed, temperature=0.7, seconds=seconds), from_lines
    )
    if len(found.get("topics", [])) >= LEAST_TOPICS:
        return _report(_merge("lines", found, tables), say)
    return _report(tables, say)


def _try(ask: Ask, question: Question, read: Callable[[str], dict[str, list[str]]]) -> dict[str, list[str]]:
    """The lists in an answer, empty if it is useless. Raises TeacherGone if the server is away or lacks the model."""
    try:
        return read(ask(question).text)
    except (Slow, Unusable):
        return {}
    except TeacherGone as error:
        if isinstance(error.__cause__, Refused) and not isinstance(error.__cause__, Missing):
            return {}  # an old server that does not know schemas
        raise


def _merge(made_by: str, found: dict[str, list[str]], tables: Plan) -> Plan:
    """The model's lists, replaced by those of the tables if they have fewer than two entries."""
    chosen = {name: tuple(found[name]) if len(found.get(name, [])) >= 2 else getattr(tables, name) for name in LISTS}
    return Plan(made_by=made_by, **chosen)


def _report(plan: Plan, say: Notify) -> Plan:
    how = {"schema": "the teacher's own plan", "lines": "topics from the teacher, the rest from built-in tables"}
    source = how.get(plan.made_by, "the teacher could not plan, so built-in tables are used")
    first = ", ".join([*plan.topics[:4], *["..."] * (len(plan.topics) > 4)])
    say(f"{source}: {counted(len(plan.topics), 'topic')} ({first}), {counted(len(plan.forms), 'form')}")
    return plan


def schema() -> dict[str, Any]:
    """The JSON schema of a plan."""
    sizes = {"topics": TOPICS, "forms": 6, "audiences": 4, "tones": 5, "openings": 6, "words": SEED_WORDS}
    lists = {n: {"type": "array", "items": {"type": "string", "maxLength": ENTRY}, "minItems": 2, "maxItems": k} for n, k in sizes.items()}
    return {"type": "object", "properties": lists, "required": list(lists)}


def from_schema(text: str) -> dict[str, list[str]]:
    """The cleaned lists of a JSON plan; empty if it has none. An entry that occurs in two lists is dropped from both."""
    try:
        value = json.loads(text[text.find("{") : text.rfind("}") + 1])
    except (ValueError, RecursionError):
        return {}
    if not isinstance(value, dict):
        return {}
    lists = {name: clean_entries(value.get(name)) for name in LISTS}
    times = Counter(entry.casefold() for entries in lists.values() for entry in entries)
    return {name: [entry for entry in entries if times[entry.casefold()] == 1] for name, entries in lists.items()}


def from_lines(text: str) -> dict[str, list[str]]:
    """The topics in a plain list: its short lines, without numbers, bullets and the line that introduces them."""
    lines = [re.split(r"\*\*|: | [-–—] ", BULLET.sub("", line).lstrip("* "))[0] for line in text.splitlines()]  # noqa: RUF001 (dashes)
    return {"topics": clean_entries([line for line in lines if len(line.split()) <= 8 and not line.rstrip().endswith(":")])}


def clean_entries(value: Any) -> list[str]:
    """The distinct, short, printable strings of a list, or of anything else; without those that only repeat words of the question."""
    entries = [plain(v, ENTRY + 1).strip(" \"'*_#.,;:") for v in value if isinstance(v, str)] if isinstance(value, list | tuple) else []
    asked = set(WORD.findall(WORDS["plan"]["schema"].lower()))
    good = [e for e in entries if len(e) <= ENTRY and in_words(e) and not asked.issuperset(WORD.findall(e.lower()))]
    return list({e.casefold(): e for e in reversed(good)}.values())[::-1]


def in_words(entry: str) -> bool:
    """Whether an entry is mostly letters: small models also list "1.1.1.2"."""
    return 2 * sum(map(str.isalpha, entry)) > len(entry)


def built_in(prompt: str, request: Request) -> Plan:
    """A plan without a model: aspects of what the prompt names, or the category's topics if it names nothing."""
    if len(request.kinds) > 1:
        return reduce(Plan.joined, (built_in(kind.kind, kind) for kind in request.kinds))
    category = request.category if request.category in WORDS["forms"] else "general"  # no template covers the subject
    sides = WORDS["aspects"].get(category, WORDS["aspects"]["other"])
    forms = said_forms(prompt) or ([] if request.forms else [f"{article(request.kind)} {singular(request.kind)}"])
    topics = [KIND.sub("", request.spell(topic)) for topic in request.topics]  # "diaries of Roman emperors": Roman emperors
    named = list(dict.fromkeys(filter(None, (*topics, *request.ingredients))))
    if not named and (request.matched or request.preset or forms):
        topics = WORDS["topics"][category]
    else:
        topics = [side.format(topic=name) for side in sides for name in named or [subject(prompt)]]
    chosen = () if list(request.forms) == TABLES["default forms"][request.category] else request.forms
    forms = forms or [WORDS["named forms"][form] for form in chosen if form in WORDS["named forms"]] or WORDS["forms"][category]
    audiences = [request.audience] if request.audience else WORDS["audiences"]
    tones = [request.tone] if request.tone else WORDS["tones"]
    return Plan("tables", *(tuple(x) for x in (topics, forms, audiences, tones, WORDS["openings"], WORDS["words"])))


def said_forms(prompt: str) -> list[str]:
    """The kinds of text that the prompt names before it says what they are about, whether or not a template knows them."""
    kinds = ABOUT.split(plain(legible(prompt), 500))[0]
    return [form for word, form in WORDS["said forms"].items() if re.search(rf"\b{either_number(word)}\b", kinds, re.IGNORECASE)]


KIND = re.compile(rf"^(?:{'|'.join(map(either_number, WORDS['said forms']))})\b\W*(?:{ABOUT.pattern})?", re.IGNORECASE)


def language(request: Request) -> str:
    """The English name of the language to write in."""
    return str(WORDS["languages"].get(request.language, "the language of the purpose"))


def author(prompt: str) -> str:
    """The teacher's role: for "A GPT that gives advice", an author who gives advice. A small model would write about GPTs."""
    text = plain(legible(prompt) or prompt, 500).rstrip(".")
    found = AUTHOR.match(text)
    kind = "other" if not found else "about" if found[1].lower() in ("about", "on") else "that"
    return str(WORDS["author"][kind]).format(rest=found[2] if found else "", prompt=text)


def role(prompt: str, request: Request) -> str:
    """The teacher's role: an author in the voice of the request's persona, if it has one."""
    if request.persona is None:
        return author(prompt)
    who = character(random.Random(0), request.persona, request.manner).full
    return str(WORDS["author"]["persona"]).format(who=who, prompt=plain(legible(prompt), 500).rstrip("."))


def subject(prompt: str) -> str:
    """The subject of a prompt, as far as a rule can tell: "gardening" for "A GPT that gives advice on gardening"."""
    text = plain(legible(prompt) or prompt, 500).rstrip(".")
    found = AUTHOR.match(text)
    rest = SUBJECT.sub("", found[2]) if found and found[1].lower() not in ("about", "on") else found[2] if found else text
    return rest[:ENTRY]


def draw(plan: Plan, prompt: str, request: Request, rng: random.Random, avoid: Sequence[str]) -> Task:
    """Draw one task: a random combination from the plan, and openings to avoid."""
    ask, able = WORDS["ask"], plan.made_by == "schema"
    form, topic = rng.choice(plan.forms), rng.choice(plan.topics)
    low, high = WORDS["lengths"][request.length] if request.length else WORDS["lengths"]["middle"] if able else WORDS["simple length"]
    words = rng.randrange(low, high + 1, 10)
    fields = {
        "audience": rng.choice(plan.audiences),
        "tone": rng.choice(plan.tones),
        "seeds": " and ".join(rng.sample(plan.words, min(2, len(plan.words)))),
        "opening": rng.choice(plan.openings),
    }
    lines = [ask["text"].format(form=form, topic=topic)]
    lines += [extra.format_map(fields) for extra in rng.sample(ask["extras"], EXTRAS) if able]
    if avoid and able:
        lines.append(ask["avoid"].format(openings='", "'.join(avoid)))
    short = form in WORDS["short forms"]
    if not short:
        lines.append(ask["length"].format(words=words))
    if request.language != "en" or able:
        lines.append(ask["language"].format(language=language(request)))
    a_word = TOKENS_A_WORD * (2 if request.language in DENSE else 1)
    tokens = int(words * a_word * 1.5) + 60
    return Task(ask["system"].format(author=role(prompt, request)), " ".join(lines), tokens, form, topic, 0 if short else words)
