"""What somebody without a voice of its own does and has, by WordNet: a falconer breeds and trains hawks, and has a hood and a falcon."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from minigpt.corpus.wordnet import PERSON, Sense, wordnet

WHO = re.compile(
    r"\b(?:who|that) (?:professionally |usually |often )?"
    r"(?P<verbs>[a-z]+s(?:,? (?:and|or) [a-z]+s)?)(?P<rest> [^,;()]*?)(?= (?:and|or) (?:who|that|is)\b|,| as a|$)"
)
BUSY = re.compile(r"\bwhose (?:occupation|business|job|work|profession|trade) is (?P<doing>[^,;()]+)")
NO_VERB = frozenset(
    ("is", "has", "was", "does", "uses", "lives", "belongs", "believes", "owns", "knows", "practices", "works", "makes", "specializes")
)
ENDINGS = re.compile(r"(?:er|or|ist|ian|man)$")
COMMON = frozenset((
    "equipment", "instrument", "device", "vehicle", "container", "clothing", "covering", "body", "game", "train", "watch", "mount",
    "building", "person", "act", "trade", "group", "one", "art",
))  # fmt: skip
THINGS, ANIMALS, FOODS, PLANTS = 6, 5, 13, 20
MOST, MOST_ACT = 8, 9  # things; words of an act
DEEDS = (
    "had to {act} in front of the mayor", "was asked to {act} at a wedding", "dreamt that I had forgotten how to {act}",
    "taught my neighbour to {act}", "had to {act} for three days and three nights", "lost a bet and had to {act} blindfolded",
)  # fmt: skip


@dataclass(frozen=True)
class Trade:
    """What belongs to an occupation; empty if WordNet does not say."""

    acts: tuple[str, ...] = ()  # "breed and train hawks"
    things: tuple[str, ...] = ()  # each stands after "my"

    @property
    def deeds(self) -> tuple[str, ...]:
        return tuple(deed.replace("{act}", act) for act in self.acts[:1] for deed in DEEDS)


@cache
def trade(noun: str) -> Trade:
    """The trade of a noun phrase, by its last words that WordNet knows as a person."""
    net = wordnet()
    words = noun.lower().split()
    for start in range(len(words)):
        word = net.base(" ".join(words[start:]))
        found = [sense for sense, _ in net.senses(word) if sense.file == PERSON and not sense.single and sense.gloss]
        if found:
            return Trade(tuple(_acts(found[0])), tuple(_things(word, found[0])))
    return Trade()


def _acts(sense: Sense) -> list[str]:
    match = WHO.search(sense.gloss)
    if match:
        verbs = re.split(r",? (and|or) ", match["verbs"])
        if not NO_VERB & set(verbs):
            act = " ".join(_bare(verb) if place % 2 == 0 else verb for place, verb in enumerate(verbs)) + match["rest"]
            act = re.sub(r"\b(and|or) ([a-z]+s)(?= (?!and|or|of)[a-z])", lambda m: f"{m[1]} {_bare(m[2])}", act)
            act = re.sub(r"\btheir\b|\bhis\b|\bits\b", "my", act)
            return [act] if len(act.split()) <= MOST_ACT and not act.endswith((" of", " to", " in", " for")) else []
    busy = BUSY.search(sense.gloss)
    if busy and len(busy["doing"].split()) < MOST_ACT:
        return [f"{'go on' if busy['doing'].split()[0].endswith('ing') else 'see to'} {busy['doing']}"]
    return []


def _bare(verb: str) -> str:
    """Keeps -> keep, carries -> carry, watches -> watch."""
    if verb.endswith("ies"):
        return verb[:-3] + "y"
    return verb[:-2] if re.search(r"(?:ch|sh|ss|x|zz)es$", verb) else verb[:-1]


def _things(word: str, sense: Sense) -> list[str]:
    """Things in the definition, then things in whose definition the trade is named."""
    net = wordnet()
    found: list[str] = []
    verbs = WHO.search(sense.gloss)
    for name in re.findall(r"[a-z]+", sense.gloss.replace(verbs["verbs"], "") if verbs else sense.gloss):
        base = net.base(name)
        kinds = [s for s, _ in net.senses(base)][:1] if base else []
        if name not in COMMON and kinds and kinds[0].file in (THINGS, ANIMALS, FOODS, PLANTS) and kinds[0].kind == "c" and len(base) > 2:
            found.append(base)
    stem = ENDINGS.sub("", word)
    names = [word, *(n for n in (f"{stem}ing", f"{stem}ry", f"{stem}istry") if net.senses(n))]
    for other in net.mentions(names):
        told = other.file == THINGS and other.kind == "c" and not other.single and other.word not in COMMON
        if told and other.word.islower() and net.uses(other.word):
            found.append(other.word)
    return list(dict.fromkeys(thing for thing in found if word not in thing))[:MOST]
