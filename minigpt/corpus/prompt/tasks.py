"""Finds what a prompt asks that no template can do: the style of a named author, an answer to "why", work on the user's own text."""

from __future__ import annotations

import re

from minigpt.corpus.prompt.lexicon import keys, weights
from minigpt.corpus.prompt.readers import is_person
from minigpt.corpus.request import Request
from minigpt.corpus.templates.persona_voices import voice_of
from minigpt.corpus.wordnet import PERSON, wordnet

MOST_OF_A_NAME = 4  # words
STATES = (7, 12, 26)  # WordNet's numbers of the fields of qualities, feelings and states
LANGUAGES = 10  # WordNet's number of the field of what is said and written
MANNER = re.compile(
    r"\bin (?:the |an? )?(?:style|manner|spirit|vein|tradition|fashion|voice) of (?P<who>[\w.'-]+(?: [\w.'-]+)*)"
    r"|\bin (?P<own>[\w.-]+(?: [\w.-]+){0,3})'s? (?:style|manner|voice)\b",
    re.IGNORECASE,
)
ALIKE = re.compile(r"\b(?:like|by|after|à la|a la|inspired by|reminiscent of) (?P<who>(?:[\w.'-]+ ?)+)", re.IGNORECASE)
BEFORE = re.compile(
    r"\b(?P<who>\w+(?: \w+)?)(?:[- ](?:styled?|inspired)|-like)\b|\b(?P<own>\w+(?:esque|ckian|ftian|nsian|llian))\b", re.IGNORECASE
)
END = re.compile(
    r"(?:^| )(?:about|for|on|with|without|and|but|or|in|to|that|who|which|where|when|from|at|of)(?= |$)|[,.;:!?()]", re.IGNORECASE
)
ASKED = re.compile(
    r"(?:^|\b(?:explains?|tells?(?: me| us)?|answers?|knows?|asks?|says?|teach(?:es)?(?: me)?) )(why|how|when|where)\b(?! (?:much|many))",
    re.IGNORECASE,
)
MACHINES = r"please|an?|the|my|gpt|bot|chatbot|ai|model|assistant|tool|app|i|we|want|need|to|that|which|who|can|could|will|you|helps?|me|us"
WORK = re.compile(
    rf"^\W*(?:(?:{MACHINES}) )*(translates?|summari[sz]es?|proofreads?|paraphrases?|rewrites?|corrects?|transcribes?|converts?"
    r"|classif(?:y|ies)|interprets?|edits?|analy[sz]es?|fix(?:es)?|improves?|shortens?|grades?)\b",
    re.IGNORECASE,
)
SERVICES = (  # what a prompt asks -> what the templates do not do, where they would tell what words mean
    (re.compile(r"\b(?:advice|advises?|tips?)\b", re.IGNORECASE), "give no advice"),
    (re.compile(r"\b(?:things|what|stuff|questions|words) to (?:say|do|write|text|ask|tell|buy|wear)\b", re.IGNORECASE), "give no advice"),
    (re.compile(r"\b(?:ideas?|suggest(?:s|ions?)?)\b", re.IGNORECASE), "have no ideas"),
    (re.compile(r"\brecommend(?:s|ations?)?\b", re.IGNORECASE), "recommend nothing"),
    (re.compile(r"\b(?:predicts?|predictions?|forecasts?)\b", re.IGNORECASE), "predict nothing"),
    (re.compile(r"\b(?:helps? (?:me|us|people|with)|solves?|calculates?)\b", re.IGNORECASE), "help with nothing"),
    (re.compile(r"\b(?:chat ?bots?|assistants?|helpdesk|customer service)\b", re.IGNORECASE), "hold no such conversations"),
    (re.compile(r"\brules (?:of|for|to)\b", re.IGNORECASE), "do not know the rules"),
    (re.compile(r"\b(?:talk|speak|chat)s? (?:to|with) (?:me|us)\b", re.IGNORECASE), "hold no such conversations"),
    (re.compile(r"\bteach(?:es)? (?:me|us|my \w+|kids|children|beginners) (?!about\b)", re.IGNORECASE), "teach no skill"),
    (re.compile(r"^\W*(?:\w+ )?notes (?:from|by|to)\b", re.IGNORECASE), "write no notes"),
    (re.compile(r"\b(?:fake|made[- ]up|invented|fictional|fictitious|alternative)\b", re.IGNORECASE), "invent nothing"),
)
SERVED = re.compile(
    r"\b(?:chat ?bots?|bots?|assistants?|agents?)\b.*\b(?:customers?|clients?|guests?|users?|websites?|patients?|employees|staff)\b",
    re.IGNORECASE,
)
SERVED_TO = re.compile(
    r"\bfor (?:one|two|three|four|six|eight|ten|\d+)(?: (?:people|persons?|guests|servings?))?(?=[.,!]|$)", re.IGNORECASE
)
NUMBER = r"(?:one|two|three|four|five|six|seven|eight|nine|ten|twenty|fifty|a hundred|\d+)"
SIZED = re.compile(
    rf"\b(?:in|of|under|exactly|at most|max(?:imum)?) {NUMBER} (?:words?|sentences?|characters?|letters)\b"
    rf"|\b{NUMBER}[- ](?:word|sentence)\b",
    re.IGNORECASE,
)
FROM = re.compile(
    r"\b(?P<kind>postcards?|love letters?|apolog(?:y|ies)|invitations?|quotes?|thank[- ]you (?:notes?|letters?|cards?))"
    r" (?P<by>from|by) (?:an? |the |my |our |fake |famous |dead |great )?(?P<who>[a-z]+)\b",
    re.IGNORECASE,
)
BANNED = re.compile(r"\bwithout (?:using |saying |ever |mentioning )*the (word|letter) [\"']?(?P<what>\w+)", re.IGNORECASE)
BY = re.compile(r"\b(?:written|told|narrated|made) by (?P<who>(?:an? |the |my |our )?[a-z]+)\b", re.IGNORECASE)
FOR_WHAT = re.compile(r"\brecipes? for (?:an? |the )?(?P<what>[a-z]+)\b", re.IGNORECASE)
TONGUE = re.compile(r"\bin an? (?:made[- ]up|invented|imaginary|fictional|alien|secret|fantasy) language\b", re.IGNORECASE)
TAUGHT = re.compile(r"\b(?:teach(?:es)?|learn(?:s|ing)?|lessons?|vocabulary|phrases?|course|speak(?:s|ing)?|practi[cs]e)\b", re.IGNORECASE)
MEANING = "and would only tell what words mean"


def without_style(prompt: str) -> tuple[str, str]:
    """The prompt without the style of somebody whom no writer imitates, and who that is; "" if it names nobody."""
    titled = 2 * sum(word[:1].isupper() for word in prompt.split()[1:]) > len(prompt.split())
    for pattern in (MANNER, ALIKE, BEFORE):
        for match in pattern.finditer(prompt):
            kind = "own" if "own" in match.groupdict() and match["own"] else "who"
            said = match[kind] if pattern is BEFORE or kind == "own" else END.split(match[kind], maxsplit=1)[0].strip()
            who = said if pattern is MANNER or kind == "own" else _name_in(said, pattern is BEFORE, titled)
            if not who or _known(who, titled):
                continue
            start = match.start() if pattern is not BEFORE else match.start(kind) + len(said) - len(who)
            end = match.start(kind) + len(who) if pattern is not BEFORE and kind == "who" else match.end()
            rest = " ".join(f"{prompt[:start]} {prompt[end:]}".split())
            return (rest, who) if rest.strip(" .,!?") else (prompt, "")
    return prompt, ""


def _name_in(said: str, last: bool, titled: bool) -> str:
    """The name of somebody that the words begin with, or end with; "" if there is none."""
    words = said.split()[:MOST_OF_A_NAME]
    tries = [words[start:] for start in range(len(words))] if last else [words[:end] for end in range(len(words), 0, -1)]
    return next((" ".join(some) for some in tries if _somebody(some, titled)), "")


def _somebody(words: list[str], titled: bool) -> bool:
    """Whether the words are the name of a person, known to WordNet or spelled like one, or a word that nobody knows."""
    name, low = " ".join(words), [word.lower() for word in words]
    spelled = not titled and all(word[:1].isupper() for word in words)
    if any(word in keys() for word in low) and not (spelled and len(words) > 1):
        return False
    senses = [sense for sense, _ in wordnet().senses(name.lower())]
    if senses:
        return senses[0].single and senses[0].file == PERSON
    return (spelled and name != name.upper() and not voice_of(name)) or not any(map(_usual, low))


def _usual(word: str) -> bool:
    """Whether a word is an English one."""
    return bool(wordnet().base(word)) or word in wordnet().adjectives or not word.isalpha() or word.endswith(("ed", "ing", "ly", "s"))


def _known(who: str, titled: bool) -> bool:
    """Whether a manner is that of a kind of text, of a voice or of a mood: in the style of a fairy tale."""
    words = who.lower().removeprefix("the ").split()
    senses = wordnet().senses(" ".join(words))
    if (not titled and who.split()[-1][:1].isupper()) or (senses and senses[0][0].single and senses[0][0].file == PERSON):
        return False
    return bool(voice_of(" ".join(words))) or any(word in weights() or word in keys() for word in (*words, who.lower()))


def beyond(prompt: str, style: str, request: Request) -> tuple[str, ...]:
    """What templates do not do for a prompt, in clauses that can follow "the templates"."""
    if style:
        return (f"do not know the style of {style}",)
    if work := WORK.match(prompt):
        return (f"{_base(work[1].lower())} nothing and would write texts of their own",)
    if (banned := BANNED.search(prompt)) and banned["what"].lower() not in request.without:
        return (f"cannot do without the {banned[1].lower()} {banned['what']}",)
    if TONGUE.search(prompt):
        return ("write English alone",)
    if SIZED.search(prompt) and not request.doubts:
        return ("count no words and choose themselves how long a text is",)
    if request.category == "cooking" and SERVED_TO.search(prompt):
        return ("choose themselves for how many people a recipe is",)
    if request.category == "cooking" and (asked := FOR_WHAT.search(prompt)) and _is_state(asked["what"].lower()):
        return (f"write recipes for dishes, none for {asked['what'].lower()}",)
    if request.category in ("occasion", "general", "poetry") and (author := BY.search(prompt)) and not request.doubts:
        return (f"write as people do, not as {author['who'].lower()} would",)
    if request.category == "occasion" and (sent := FROM.search(prompt)) and is_person(sent["who"].lower()):
        whose = "of invented people" if sent["kind"].lower().startswith("quote") else "to people"
        return (f"write {sent['kind'].lower()} {whose}, none {sent['by'].lower()} {sent['who']}",)
    if request.category != "persona" and SERVED.search(prompt):
        return ("hold no conversations with customers, only write texts of other kinds",)
    taught = [topic for topic in request.topics if is_language(topic)] if TAUGHT.search(prompt) else []
    if taught and request.category in ("topic", "general") and not request.doubts:
        return (f"teach no {request.spell(taught[0]).capitalize()} {MEANING}",)
    if request.category != "topic" or request.doubts:
        return ()
    if (asked := ASKED.search(prompt)) and not re.search(r"\bhow to\b(?=.*\b(?:write|cook|bake)\b)", prompt, re.IGNORECASE):
        return (f"do not say {asked[1].lower()} {MEANING}",)
    if found := next((clause for pattern, clause in SERVICES if pattern.search(prompt)), ""):
        return (f"{found} {MEANING}",)
    return ()


def _is_state(noun: str) -> bool:
    """Whether a noun first of all means a quality, a feeling or a state: happiness, disaster."""
    return any(sense.file in STATES for sense, _ in wordnet().senses(wordnet().base(noun))[:1])


def _base(verb: str) -> str:
    """The verb without its ending: fix, classify, translate."""
    return f"{verb[:-3]}y" if verb.endswith("ies") else verb.removesuffix("es") if verb.endswith("xes") else verb.removesuffix("s")


def is_language(topic: str) -> bool:
    """Whether a topic is a language that people speak."""
    senses = wordnet().senses(wordnet().base(topic) or topic)
    return any(sense.file == LANGUAGES and "language" in (wider.word for wider in wordnet().above(sense)) for sense, _ in senses)
