"""Makes minigpt/corpus/tables/wordnet.txt.xz, the nouns of WordNet 3.0 as minigpt's writers read them.

    python base/text/wordnet_fields.py ARCHIVES    (a folder for the archives; what is missing is fetched)

The text has three sections, with an empty line between them. First one line per synset: tab-separated words (by "|"; an irregular plural
after "/"), number and field, definition, supplement, label, examples (by "|") and relations. Relations are a sign and differences of line
numbers: "@12,-4 ~3". Then one line per word, sorted: the word, tab, its synsets, each with the count of its uses in WordNet's texts. Last,
one line per adjective: tab, the synset of the noun it pertains to ("medieval"), or nothing if the word is rather an adjective
or a verb than a noun ("old").
"""

from __future__ import annotations

import lzma
import re
import sys
from collections import Counter
from pathlib import Path

from fetch import fetch, members, sources
from wordnet_gloss import Lexicon, Phrase, clean

OUT = Path(__file__).parents[2] / "minigpt/corpus/tables/wordnet.txt.xz"
UNFIT = re.compile(
    r"\b("
    r"offensive|disparag\w+|obscen\w+|slurs?|vulgar\w*|ethnic|derogatory|sex(ual\w*|es|y|ed|ism|ist)?|genital\w*|coit\w+|"
    r"copulat\w+|vagin\w+|penis\w*|prostitut\w*|rap(e|es|ist|ed|ing)|masturbat\w*|erotic\w*|porno\w*|homosexual\w*|lesbian\w*|"
    r"gay|whor\w*|bitch\w*|bastard\w*|fuck\w*|shit\w*|cunt\w*|piss\w*|nigg\w+|negro\w*|coon|kike|spick?|wop|dyke|faggot\w*|"
    r"queer|slut\w*|harlot\w*|brothel\w*|orgasm\w*|semen|anus|anal|scrot\w+|testic\w+|vulva\w*|cocaine|heroin|suicid\w*|"
    r"incest\w*|feces|fecal|excrement|turds?|fart\w*|breasts?|nipples?|intercourse|lewd\w*|nude|naked(?! eye)|pimps?|gook|"
    r"chink|darky|jap|jew|redskin|squaw|tits?|boobs?|pussy|dick|hooker|mulatto|half-breed|insulting|pejorative|contempt\w*|"
    r"concubine|mistress|lover|seduc\w+|foreplay|phall\w+|urin\w+|menstru\w+|contracepti\w+|condom\w*|abortion\w*|torture\w*|"
    r"genocid\w*|holocaust|lynch\w*|paramour|courtesan|libertine|castrat\w+|lust|defecat\w+|buttocks?|pubic|hermaphrodit\w*|"
    r"moron\w*|imbecil\w*|retarded|idiot\w*|cripple\w*|nazi\w*|terroris\w+|stupid\w*|ejaculat\w+|sodom\w*|pederast\w*|"
    r"pedophil\w*|necrophil\w*|kama ?sutra"
    r")\b",
    re.IGNORECASE,
)
LATIN = re.compile(
    r"^(genus|family|order|suborder|class|subclass|phylum|division|subfamily|superfamily|kingdom|superorder|subphylum|infraclass) "
)
RELATIONS = {"@": "@", "@i": "@", "~": "~", "~i": "~", "%p": "%", "%s": "$", "#p": "#", "-c": "-", ";c": ";", "#m": "m", "%m": "M"}
LIVING = (5, 20)  # lexicographer files of animals and plants, whose capitalised words are mostly Latin names
MOST_EXAMPLES = 2


class Synset:
    """One meaning, as its line in WordNet says it."""

    def __init__(self, line: str) -> None:
        head, gloss = line.split(" | ", 1)
        part = head.split()
        self.offset, self.file, self.kind = int(part[0]), int(part[1]), part[2]
        count = int(part[3], 16)
        self.words = [re.sub(r"\(\w+\)$", "", word).replace("_", " ") for word in part[4 : 4 + 2 * count : 2]]
        at = 5 + 2 * count
        many = int(part[at - 1])
        self.pointers = [(part[i], int(part[i + 1]), part[i + 2]) for i in range(at, at + 4 * many, 4)]
        self.gloss = gloss.strip().replace("`", "'").replace("_", " ")
        self.instance = any(sign == "@i" for sign, _, _ in self.pointers)
        self.phrase: Phrase | None = None

    @property
    def key(self) -> tuple[str, int]:
        return ("v" if self.kind == "v" else "n", self.offset)


def read(data: bytes) -> list[Synset]:
    """The synsets of a data file, in its order."""
    return [Synset(line) for line in data.decode("latin-1").splitlines() if not line.startswith("  ") and " | " in line]


def main() -> None:
    source = next(s for s in sources() if s.package == "wordnet-base")
    files = {name.rsplit("/", 1)[-1]: data for name, data in members(fetch(source, Path(sys.argv[1]))) if "share/wordnet/" in name}
    nouns, verbs = read(files["data.noun"]), read(files["data.verb"])
    others = [*verbs, *read(files["data.adj"]), *read(files["data.adv"])]
    lexicon = Lexicon(files, [s.gloss for s in (*nouns, *others)])
    kept = fit(nouns, [v for v in verbs if any(sign == ";c" for sign, _, _ in v.pointers)])
    number = {s.key: i for i, s in enumerate(kept)}
    for s in kept:
        s.phrase = clean(s.gloss, lexicon, verb=s.kind == "v", person=s.instance and s.file == 18)
    lines = [line_of(s, number, lexicon) for s in kept]
    senses, kinds = use_counts(files)
    text = "\n".join([*lines, "", *index(files, number, kept, senses), "", *adjectives(files, number, kinds)]) + "\n"
    OUT.write_bytes(lzma.compress(text.encode("ascii", "ignore"), preset=9 | lzma.PRESET_EXTREME))
    print(f"{OUT}: {len(kept):,} synsets, {len(text):,} characters, {OUT.stat().st_size:,} bytes")


def fit(nouns: list[Synset], verbs: list[Synset]) -> list[Synset]:
    """The synsets for all readers, without Latin names, which are neither subjects nor words of a subject."""
    latin = {word.split()[-1] for s in nouns for word in s.words if word.startswith("genus ")}
    kept = []
    for s in (*nouns, *verbs):
        if UNFIT.search(" ".join([*s.words, s.gloss])) or any(map(LATIN.match, s.words)):
            continue
        if s.file in LIVING:
            s.words = [w for w in s.words if w.split()[0] not in latin or " " not in w]
        if s.words and not (s.file in LIVING and s.words[0] in latin and len(s.words) == 1):
            kept.append(s)
    return kept


def line_of(s: Synset, number: dict[tuple[str, int], int], lexicon: Lexicon) -> str:
    own = number[s.key]
    related: dict[str, list[int]] = {}
    for sign, offset, kind in s.pointers:
        target = number.get((kind, offset))
        if sign in RELATIONS and target is not None:
            related.setdefault(RELATIONS[sign], []).append(target - own)
    relations = " ".join(f"{sign}{','.join(map(str, targets))}" for sign, targets in related.items())
    words = "|".join(lexicon.with_plural(word) for word in s.words)
    phrase = s.phrase or Phrase("", "", "", "")
    flag = "v" if s.kind == "v" else lexicon.number(s.words[0], s.file, s.instance, phrase)
    shown = [text for text in examples(s) if not UNFIT.search(text)][:MOST_EXAMPLES]
    return "\t".join(
        [words, f"{flag}{phrase.number}{s.file}{'i' * s.instance}", phrase.text, phrase.more, phrase.label, "|".join(shown), relations]
    )


def examples(s: Synset) -> list[str]:
    """Whole sentences that use one of the words; a quotation with its author's name is left out."""
    found = [text.strip() for text, after in re.findall(r'"([^"]+)"([^";]*)', s.gloss) if not re.search(r"-+ ?[A-Z]|by [A-Z]", after)]
    stems = tuple(word.lower()[: max(3, len(word) - 2)] for word in s.words)
    whole = re.compile(
        r"^(the|a|an|his|her|he|she|they|we|I|it|there|this|these|some|my|our|their|many|all) "
        r".*\b\w+(ed|s|was|were|had|is|are|took|made|came|went)\b"
    )
    clean = re.compile(r"[A-Za-z0-9 ,.'!?-]+")
    return [
        t for t in found if 5 <= len(t.split()) <= 16 and whole.match(t) and clean.fullmatch(t) and any(stem in t.lower() for stem in stems)
    ]


def index(files: dict[str, bytes], number: dict[tuple[str, int], int], kept: list[Synset], uses: Counter[tuple[str, str]]) -> list[str]:
    """A line for each word that a synset kept, its synsets in WordNet's order, by how often people use it so."""
    lines = []
    for row in files["index.noun"].decode("latin-1").splitlines():
        if row.startswith("  "):
            continue
        part = row.split()
        senses = part[-int(part[2]) :]
        named = []
        for place, offset in enumerate(senses, 1):
            target = number.get(("n", int(offset)))
            if target is not None and part[0].replace("_", " ") in [w.lower() for w in kept[target].words]:
                named.append(f"{target}:{uses[part[0], str(place)]}" if uses[part[0], str(place)] else str(target))
        if named:
            lines.append(f"{part[0].replace('_', ' ')}\t{','.join(named)}")
    return sorted(lines)


def adjectives(files: dict[str, bytes], number: dict[tuple[str, int], int], uses: Counter[tuple[str, str]]) -> list[str]:
    """A line for each adjective that pertains to a noun, or that is more often an adjective or a verb than a noun."""
    found: dict[str, str] = {}
    for s in read(files["data.adj"]):
        for sign, offset, kind in s.pointers:
            if sign == "\\" and kind == "n" and ("n", offset) in number:
                for word in s.words:
                    found.setdefault(word.lower(), str(number["n", offset]))
    for word in {word for word, kind in uses if kind in "235"}:
        if word not in found and uses[word, "2"] + uses[word, "3"] + uses[word, "5"] > uses[word, "1"]:
            found[word] = ""
    return sorted(f"{word}\t{target}" for word, target in found.items())


def use_counts(files: dict[str, bytes]) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]:
    """How often WordNet's texts use a noun in a sense, and a word as a part of speech (1 noun, 2 verb, 3 and 5 adjective)."""
    senses: Counter[tuple[str, str]] = Counter()
    kinds: Counter[tuple[str, str]] = Counter()
    for row in files["cntlist.rev"].decode("latin-1").splitlines():
        sense, place, count = row.split()
        word, kind = sense.split("%")
        kinds[word.replace("_", " "), kind[0]] += int(count)
        if kind[0] == "1":
            senses[word, place] += int(count)
    return senses, kinds


if __name__ == "__main__":
    main()
