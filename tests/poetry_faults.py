"""Poems, songs and stories in; out come their faults, found without the writers' own code."""

from __future__ import annotations

import re

from story_faults import faults_of_fable, faults_of_scene, faults_of_story
from verse_checks import faults_of_ballad, faults_of_limerick, faults_of_lullaby, faults_of_mood, faults_of_song, faults_of_text

from minigpt.corpus.request import Request
from minigpt.corpus.words import load_words

SEASONS = {  # kept here, apart from the writers' own table
    "spring": r"[Ss]pring|April|March|May|blossoms?|thaw|lambs?|crocus|tulips?|snowdrops|buds",
    "summer": r"[Ss]ummer|June|July|August|crickets?|firefl(?:y|ies)|hay|melon|sunflowers?|heat|dragonfly",
    "autumn": r"[Aa]utumn|September|October|November|[Hh]arvest|geese|pumpkins?|acorns?|[Ff]alling leaves|chestnuts|scarecrow",
    "winter": r"[Ww]inter|December|January|February|[Ss]now(?!drops)\w*|[Ff]rost\w*|[Ff]rozen|[Ii]ce|icicles|sled|skates|mittens",
}
TOPICS = {  # words that show what a text is about
    "the sea": "sea|ocean|beach|tide|waves?|harbor|lighthouse|sailor|coast|boats?|ships?|sails?|gulls?|seal",
    "dragons": "dragons?|castle|knights?|wizard|fairy|magic|unicorn|princess|witch",
    "grandmothers": "grand(?:mother|father|ma|pa|parent)s?|granny|family|mother|father|parent|elder",
    "the city": "city|town|streets?|tram|urban|metro|subway|skyscraper|traffic|downtown|neighborhood",
    "space": "space|stars?|planet|moon|comet|rocket|astronaut|orbit|galaxy|universe|cosmos|alien|astronomy|side",
    "love": "love|hearts?|wedding|romance|romantic|sweetheart|valentine|marriage",
}
CONTRACTION = re.compile(r"(?i)n't\b|\b\w+'(?:re|ve|ll|d|m)\b|\b(?:it|that|there|what|who|here|he|she|let)'s\b")
HAIKU = re.compile(r"(?m)^(.+(?:,| -|\.\.\.))\n(.+[.;:])\n(.+\.)$")
ODD = {"being": 2, "lion": 2, "poem": 2, "piano": 3, "going": 2}


def spoken(word: str) -> int:
    """Syllables by rule: groups of vowels, less a silent e; used to catch gross errors of the table."""
    if word in ODD:
        return ODD[word]
    count = len(re.findall(r"[aeiouy]+", word))
    if re.search(r"[^aeiouyl]e$", word) or re.search(r"[^aeiouysxzlcg](?<!ch)(?<!sh)es$", word) or re.search(r"[^aeiouytd]ed$", word):
        count -= count > 1
    return max(count, 1)


def table(name: str) -> dict[str, str]:
    """word -> the key of the list that has it, of a word table."""
    return {word: key for key, rows in load_words("poetry")[name].items() for row in rows for word in row.split()}


def asked_words(request: Request) -> set[str]:
    return set(re.findall(r"[a-z']+", " ".join(request.topics).lower()))


def without_asked(text: str, request: Request) -> str:
    """The text without the words of the request's topics: "ice cream" may come in summer, if it was asked for."""
    return re.sub(r"[A-Za-z']+", lambda m: "" if m[0].lower() in asked_words(request) else m[0], text)


BY_DAY, BY_NIGHT = r"\b(?:dawn|daybreak|sunrise|noon|sunlight)\b", r"\b(?:midnight|tonight|moonlight|moonrise|dusk)\b"


def faults_of_hours(poems: list[tuple[str, str, str]]) -> list[str]:
    """A haiku is by day or by night, and no line comes twice in a sequence."""
    faults = [
        f"day and night: {poem}" for poem in poems if re.search(BY_DAY, " ".join(poem), re.I) and re.search(BY_NIGHT, " ".join(poem), re.I)
    ]
    lines = [" ".join(re.findall(r"[a-z']+", line.lower())) for poem in poems for line in poem]
    return faults + [f"twice: {line}" for line in {line for line in lines if lines.count(line) > 2}]


def faults_of_haiku(text: str, request: Request) -> list[str]:
    counts, faults = table("syllable table"), []
    poems = HAIKU.findall(text)
    faults += faults_of_hours(poems) if not request.topics else []  # what was asked for may name an hour
    if not poems:
        faults.append("no haiku")
    for poem in poems:
        for line, wanted in zip(poem, (5, 7, 5), strict=True):
            words = re.findall(r"[a-z']+", line.lower())
            if sum(int(counts.get(word) or (spoken(word) if word in asked_words(request) else 99)) for word in words) != wanted:
                faults.append(f"{line!r} has not {wanted} syllables")
            if abs(sum(spoken(word) for word in words) - wanted) > 2:
                faults.append(f"{line!r} is counted strangely")
        own = without_asked(" ".join(poem), request)  # what was asked for may speak of another season
        texts = {season: " ".join(poem) if season == request.season else own for season in SEASONS}
        named = [season for season, marks in SEASONS.items() if re.search(rf"\b(?:{marks})\b", texts[season], re.I)]
        if len(named) != 1 or request.season not in (None, *named):
            faults.append(f"seasons of a haiku: {named}")
    return faults


def faults_of_acrostic(text: str) -> list[str]:
    title, body = text.split("\n\n")
    spelled = "".join(line[0] for line in body.split("\n"))
    return [] if title.removesuffix(": an acrostic").upper() == spelled.upper() else [f"{title!r} is spelled {spelled!r}"]


def faults_of_form(text: str, form: str, request: Request) -> list[str]:
    if form in ("haiku", "haiku_sequence", "haibun"):
        return faults_of_haiku(text, request)
    topic = next((t for t in request.topics if t.lower() in text.lower()), "")
    sung = {"ballad": faults_of_ballad, "lullaby": faults_of_lullaby, "limerick": faults_of_limerick, "song": faults_of_song}
    if form in sung:
        return sung[form](text, topic) + (faults_of_mood(text, topic) if form != "limerick" else [])
    checks = {"acrostic": faults_of_acrostic, "story": faults_of_story, "fable": faults_of_fable, "scene": faults_of_scene}
    return checks[form](text) if form in checks else []


def check(text: str, request: Request) -> list[str]:
    """Every fault of a document of the form `request.forms[0]`: its form, and what else the request asked for."""
    faults = faults_of_form(text, request.forms[0], request)
    if request.season:
        plain = without_asked(text, request)
        faults += [f"{s} in {request.season}" for s, m in SEASONS.items() if s != request.season and re.search(rf"\b(?:{m})\b", plain)]
        if not re.search(rf"(?i)\b{SEASONS[request.season]}\b", text) and request.season not in text.lower():
            faults.append(f"nothing of {request.season}")
    if request.topics:  # below the title, in either number
        marks = "|".join(TOPICS.get(topic, "|".join(w.removesuffix("s") for w in topic.split() if len(w) > 3)) for topic in request.topics)
        faults += [] if re.search(rf"(?i)\b(?:{marks})s?\b", text.split("\n\n", 1)[1]) else [f"nothing of {request.topics}"]
    if request.tone == "formal":
        faults += [f"contraction {found[0]!r}" for found in CONTRACTION.finditer(text)] + ["!"] * ("!" in text)
    if request.audience == "children":
        asked = set(" ".join(request.topics).split())
        faults += [f"hard word {w}" for w in set(re.findall(r"[a-z]{12,}", text.lower())) - asked - {f"{w}s" for w in asked}]
        faults += re.findall(r"(?i)\b(?:blood|dead|kill\w*|die[sd]?|guns?|wine|beer|whiskey|hate)\b", text)
    if request.forms[0] not in ("story", "fable", "scene"):
        faults += faults_of_text(text)
    faults += [f"a child of {age}" for age in re.findall(r"\b(?:boy|girl|child) of (?:about )?(\d+)\b", text) if int(age) > 15]
    if not text.isascii() or re.search(r"[{}|\[\]]|  |a\(n\)|\b([a-z]+) \1\b", text):
        faults.append("not clean")
    return faults
