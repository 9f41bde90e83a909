"""Hears rhymes by spelling, without the writers' tables: the sound of a word from its last stressed vowel on."""

from __future__ import annotations

import re

ODD = {  # words whose end does not sound as it is spelled: a word that rhymes with them, spelled as it sounds
    "said": "bed", "dead": "bed", "head": "bed", "bread": "bed", "instead": "bed", "dread": "bed", "fled": "bed", "read": "bed", "lead": "bed",
    "done": "sun", "one": "sun", "none": "sun", "everyone": "sun", "son": "sun", "gone": "on|awn", "shone": "own", "come": "sum", "some": "sum",
    "you": "oo", "through": "oo", "do": "oo", "to": "oo", "too": "oo", "two": "oo", "who": "oo", "shoe": "oo", "blue": "oo", "true": "oo",
    "new": "oo", "knew": "oo", "few": "oo", "view": "oo", "crew": "oo", "brew": "oo", "queue": "oo", "drew": "oo", "grew": "oo", "flew": "oo",
    "due": "oo", "dew": "oo", "glue": "oo", "clue": "oo", "sue": "oo", "threw": "oo", "blew": "oo", "kew": "oo", "crewe": "oo", "looe": "oo",
    "peru": "oo", "stew": "oo", "rue": "oo", "undo": "oo", "adieu": "oo", "hue": "oo", "into": "oo", "brand-new": "oo", "avenue": "oo",
    "home": "ome", "foam": "ome", "roam": "ome", "comb": "ome", "rome": "ome", "nome": "ome", "loam": "ome",
    "are": "ar", "bear": "air", "there": "air", "where": "air", "pear": "air", "wear": "air", "anywhere": "air", "everywhere": "air", "their": "air",
    "somewhere": "air", "prayer": "air", "tear": "air", "mayor": "air", "ayr": "air", "heir": "air", "swear": "air", "their's": "airs",
    "care": "air", "hair": "air", "chair": "air", "stair": "air", "fair": "air", "share": "air", "bare": "air", "spare": "air", "square": "air",
    "air": "air", "pair": "air", "clare": "air", "mayfair": "air", "dare": "air", "stare": "air", "despair": "air", "mare": "air", "repair": "air",
    "great": "ate", "eight": "ate", "weight": "ate", "wait": "ate", "straight": "ate", "freight": "ate",
    "say": "ay", "weigh": "ay", "they": "ay", "gray": "ay", "neigh": "ay", "hey": "ay", "obey": "ay",
    "know": "oe", "go": "oe", "so": "oe", "no": "oe", "low": "oe", "slow": "oe", "snow": "oe", "show": "oe", "below": "oe", "ago": "oe", "grow": "oe",
    "glow": "oe", "row": "oe", "blow": "oe", "throw": "oe", "toe": "oe", "though": "oe", "dough": "oe", "bow": "oe", "radio": "oe", "flow": "oe",
    "window": "oe", "hello": "oe", "crow": "oe", "owe": "oe", "sew": "oe", "woe": "oe", "foe": "oe", "tow": "oe", "oh": "oe",
    "now": "ow", "how": "ow", "cow": "ow", "slough": "ow", "macau": "ow", "vow": "ow", "bough": "ow", "plow": "ow", "allow": "ow", "somehow": "ow",
    "town": "own2", "down": "own2", "brown": "own2", "crown": "own2", "gown": "own2", "frown": "own2", "clown": "own2", "drown": "own2",
    "slumbertown": "own2", "own": "one2", "grown": "one2", "known": "one2", "unknown": "one2", "stone": "one2", "alone": "one2", "bone": "one2",
    "throne": "one2", "phone": "one2", "moan": "one2", "cologne": "one2", "flown": "one2", "shown": "one2", "tone": "one2", "sewn": "one2", "blown": "one2",
    "sea": "ee", "see": "ee", "me": "ee", "be": "ee", "she": "ee", "he": "ee", "we": "ee", "three": "ee", "tree": "ee", "free": "ee", "key": "ee",
    "tea": "ee", "knee": "ee", "quay": "ee", "agree": "ee", "fee": "ee", "lea": "ee", "lee": "ee", "dee": "ee", "glee": "ee", "plea": "ee", "bee": "ee",
    "guarantee": "ee", "company": "ee", "harmony": "ee", "memory": "ee", "maybe": "ee", "debris": "ee", "family": "ee", "cheerily": "ee",
    "ease": "eez", "please": "eez", "knees": "eez", "trees": "eez", "breeze": "eez", "cheese": "eez", "seas": "eez", "bees": "eez", "freeze": "eez",
    "eye": "ie", "sky": "ie", "dry": "ie", "high": "ie", "why": "ie", "by": "ie", "goodbye": "ie", "sigh": "ie", "reply": "ie", "lie": "ie", "rye": "ie",
    "buy": "ie", "my": "ie", "cry": "ie", "die": "ie", "try": "ie", "fly": "ie", "i": "ie", "pie": "ie", "skye": "ie", "nigh": "ie", "shy": "ie",
    "tie": "ie", "guy": "ie", "spy": "ie", "july": "ie", "deny": "ie", "bye": "ie",
    "night": "ite", "light": "ite", "right": "ite", "white": "ite", "height": "ite", "tonight": "ite", "quite": "ite", "bite": "ite", "kite": "ite",
    "door": "ore", "floor": "ore", "more": "ore", "four": "ore", "before": "ore", "shore": "ore", "oar": "ore", "war": "ore", "roar": "ore",
    "your": "ore", "for": "ore", "poor": "ore", "core": "ore", "store": "ore", "galore": "ore", "lahore": "ore", "score": "ore", "snore": "ore",
    "oars": "ores", "yours": "ores", "shores": "ores", "doors": "ores", "indoors": "ores", "pours": "ores",
    "here": "ear", "beer": "ear", "cheer": "ear", "year": "ear", "dear": "ear", "near": "ear", "clear": "ear", "steer": "ear", "fear": "ear",
    "hear": "ear", "appear": "ear", "ear": "ear", "gear": "ear",
    "word": "urd", "heard": "urd", "bird": "urd", "third": "urd", "herd": "urd", "learn": "urn", "turn": "urn", "burn": "urn", "return": "urn",
    "earn": "urn", "fern": "urn", "stern": "urn", "worth": "urth", "earth": "urth", "girl": "url", "curl": "url", "pearl": "url",
    "heart": "art", "apart": "art", "part": "art", "start": "art", "cart": "art", "hand": "and", "land": "and", "stand": "and",
    "rain": "ane", "train": "ane", "again": "ane|en", "vein": "ane", "chain": "ane", "lane": "ane", "plain": "ane", "spain": "ane", "maine": "ane",
    "bahrain": "ane", "drain": "ane", "pain": "ane", "grain": "ane", "reign": "ane", "pane": "ane", "main": "ane", "mane": "ane", "brain": "ane",
    "remain": "ane", "vain": "ane", "cane": "ane", "crane": "ane", "explain": "ane", "complain": "ane", "plane": "ane", "rein": "ane", "gain": "ane",
    "ten": "en", "then": "en", "men": "en", "women": "en", "pen": "en", "when": "en", "friend": "end", "end": "end", "mend": "end",
    "moon": "oon", "noon": "oon", "soon": "oon", "tune": "oon", "june": "oon", "spoon": "oon", "troon": "oon", "balloon": "oon", "rangoon": "oon",
    "afternoon": "oon", "lagoon": "oon", "harpoon": "oon", "bloom": "oom", "room": "oom", "broom": "oom", "gloom": "oom", "whose": "ooze", "lose": "ooze",
    "choose": "ooze", "shoes": "ooze", "news": "ooze", "blues": "ooze", "snooze": "ooze", "use": "ooze", "food": "ood", "rude": "ood", "mood": "ood",
    "wood": "ud2", "good": "ud2", "stood": "ud2", "should": "ud2", "could": "ud2", "would": "ud2", "understood": "ud2", "hood": "ud2",
    "love": "uv", "above": "uv", "glove": "uv", "dove": "uv", "of": "uv", "prove": "oove", "move": "oove", "groove": "oove",
    "wall": "all", "small": "all", "hall": "all", "call": "all", "crawl": "all", "shawl": "all", "all": "all", "ball": "all", "fall": "all", "tall": "all",
    "wide": "ide", "tide": "ide", "tied": "ide", "hide": "ide", "side": "ide", "died": "ide", "cried": "ide", "guide": "ide", "inside": "ide",
    "beside": "ide", "ride": "ide", "pride": "ide", "dried": "ide", "lied": "ide", "tried": "ide", "bride": "ide", "worldwide": "ide", "wide-eyed": "ide",
    "eyed": "ide", "mine": "ine", "line": "ine", "wine": "ine", "nine": "ine", "sign": "ine", "fine": "ine", "shine": "ine", "brine": "ine", "dine": "ine",
    "deep": "eep", "sleep": "eep", "keep": "eep", "sheep": "eep", "weep": "eep", "heap": "eep", "leap": "eep", "steep": "eep", "creep": "eep",
    "sweet": "eet", "feet": "eet", "street": "eet", "meet": "eet", "seat": "eet", "heat": "eet", "eat": "eet", "complete": "eet", "beat": "eet",
    "neat": "eet", "deceit": "eet", "treat": "eet", "wheat": "eet", "fleet": "eet", "sheet": "eet", "meat": "eet", "retreat": "eet", "repeat": "eet",
    "speak": "eek", "week": "eek", "cheek": "eek", "weak": "eek", "creek": "eek", "meek": "eek", "leak": "eek", "squeak": "eek", "seek": "eek",
    "meal": "eel", "deal": "eel", "wheel": "eel", "feel": "eel", "heel": "eel", "real": "eel", "seal": "eel", "steel": "eel", "keel": "eel", "teal": "eel",
    "stream": "eem", "dream": "eem", "seem": "eem", "steam": "eem", "scream": "eem", "seam": "eem", "cream": "eem", "beam": "eem", "scheme": "eem",
    "fleece": "eece", "peace": "eece", "cease": "eece", "nice": "eece|ice" , "greece": "eece", "piece": "eece", "geese": "eece", "niece": "eece",
    "rice": "ice", "twice": "ice", "price": "ice", "advice": "ice", "dice": "ice", "mice": "ice", "spice": "ice", "ice": "ice", "slice": "ice",
    "time": "ime", "rhyme": "ime", "climb": "ime", "lyme": "ime", "chime": "ime", "lime": "ime", "crime": "ime", "prime": "ime", "dime": "ime",
    "face": "ace", "place": "ace", "boat": "ote", "wrote": "ote", "coat": "ote", "goat": "ote", "note": "ote", "throat": "ote", "float": "ote",
    "soap": "ope", "rope": "ope", "hope": "ope", "folk": "oke", "spoke": "oke", "joke": "oke", "broke": "oke", "cloak": "oke", "smoke": "oke", "oak": "oke",
    "stoke": "oke", "woke": "oke", "yoke": "oke", "soak": "oke", "cork": "ork", "pork": "ork", "york": "ork", "fork": "ork", "hawk": "alk", "talk": "alk",
    "walk": "alk", "chalk": "alk", "silk": "ilk", "milk": "ilk", "ship": "ip", "lips": "ips", "ships": "ips", "brought": "aught", "taught": "aught",
    "caught": "aught", "thought": "aught", "aught": "aught", "naught": "aught", "bought": "aught", "ought": "aught", "sought": "aught",
    "laugh": "af", "half": "af", "path": "ath", "bath": "ath", "math": "ath", "aftermath": "ath", "loud": "owd", "crowd": "owd", "stroud": "owd",
    "cowed": "owd", "cloud": "owd", "proud": "owd", "aloud": "owd", "vowed": "owd", "load": "ode", "road": "ode", "owed": "ode", "slowed": "ode",
    "flowed": "ode", "glowed": "ode", "told": "old", "cold": "old", "bowled": "old", "goes": "oze", "nose": "oze", "rose": "oze", "shows": "oze",
    "toes": "oze", "knows": "oze", "clothes": "oze", "rows": "oze", "blows": "oze", "close": "oze", "snows": "oze", "flows": "oze", "grows": "oze",
    "eyes": "ize", "skies": "ize", "wise": "ize", "rise": "ize", "lies": "ize", "sighs": "ize", "surprise": "ize", "pies": "ize", "ties": "ize", "prize": "ize",
    "days": "aze", "plays": "aze", "ways": "aze", "praise": "aze", "gaze": "aze", "blaze": "aze", "raise": "aze", "says": "ez",
    "tears": "ears", "yard": "ard", "hard": "ard", "guard": "ard", "yawn": "awn", "drawn": "awn", "dawn": "awn", "lawn": "awn", "on": "on",
    "touch": "uch", "much": "uch", "such": "uch", "rough": "uff", "enough": "uff", "stuff": "uff", "cuff": "uff", "tough": "uff", "off": "off", "cough": "off",
    "soft": "oft", "loft": "oft", "blood": "ud", "mud": "ud", "flood": "ud", "bud": "ud", "gull": "ull", "dull": "ull", "hull": "ull", "mull": "ull",
    "tongue": "ung", "young": "ung", "hung": "ung", "sung": "ung", "monk": "unk", "drunk": "unk", "month": "unth", "front": "unt", "hunt": "unt",
    "want": "ont", "watch": "och", "wash": "osh", "was": "oz", "what": "ot", "not": "ot", "pot": "ot", "wand": "ond", "pond": "ond", "swan": "on",
    "aisle": "ile", "smile": "ile", "while": "ile", "mile": "ile", "isle": "ile", "child": "ild", "wild": "ild", "smiled": "ild", "mild": "ild",
    "piled": "ild", "twin": "in", "win": "in", "berlin": "in", "turin": "in", "inn": "in", "been": "in|een", "chin": "in", "thin": "in", "bill": "il",
    "seville": "il", "brazil": "il", "rhyl": "il", "still": "il", "hill": "il", "will": "il", "mill": "il", "until": "il", "fill": "il", "kill": "il",
    "lace": "ace", "case": "ace", "base": "ace", "bass": "ace", "grace": "ace", "space": "ace", "race": "ace", "wept": "ept", "kept": "ept", "slept": "ept",
    "motel": "el", "well": "el", "bell": "el", "tell": "el", "hotel": "el", "farewell": "el", "once": "unce", "dunce": "unce", "fault": "alt", "halt": "alt",
    "seen": "een", "green": "een", "screen": "een", "mean": "een", "clean": "een", "yet": "et", "forget": "et", "ears": "ears", "years": "ears",
    "wrist": "ist", "missed": "ist", "kissed": "ist", "wed": "bed", "red": "bed", "bed": "bed", "ahead": "bed", "shed": "bed", "sale": "ale", "sail": "ale",
    "gale": "ale", "pale": "ale", "tale": "ale", "whale": "ale", "ale": "ale", "wales": "ales", "tales": "ales", "nails": "ales", "sails": "ales",
    "guest": "est", "impressed": "est", "best": "est", "write": "ite", "candlelight": "ite", "tight": "ite", "leeds": "eeds", "reads": "eeds", "seeds": "eeds",
    "weeds": "eeds", "needs": "eeds", "went": "ent", "meant": "ent", "scent": "ent", "ham": "am", "lamb": "am", "gas": "ass", "brass": "ass", "grass": "ass",
    "pass": "ass", "bored": "ord", "aboard": "ord", "board": "ord", "hoard": "ord", "bangkok": "ock", "clock": "ock", "shock": "ock", "dock": "ock",
    "lock": "ock", "rock": "ock", "car": "ar", "far": "ar", "star": "ar", "bar": "ar", "guitar": "ar", "sofa": "", "bun": "sun", "sun": "sun",
    "fun": "sun", "run": "sun", "begun": "sun", "zeal": "eel", "sands": "ands", "hands": "ands", "plans": "ans", "whined": "ind", "mind": "ind", "behind": "ind",
    "kind": "ind", "find": "ind", "blind": "ind", "bind": "ind", "signed": "ind", "lined": "ind",
    "twice": "ice", "stayed": "ade", "made": "ade", "afraid": "ade", "played": "ade", "shade": "ade", "laid": "ade", "fare": "air", "bread": "bed",
    "yawns": "awns", "dawns": "awns", "sill": "il", "plans": "ands|ans", "phone": "one2", "alone": "one2", "blue": "oo",
    "fought": "aught", "wore": "ore", "ashore": "ore", "bore": "ore", "crust": "ust", "rust": "ust",
}  # fmt: skip


def sounds(word: str) -> set[str]:
    """Keys that words share if they rhyme: the spelling from the last group of vowels on, or the table's."""
    word = word.lower().strip("'").removesuffix("'s")
    found = re.search(r"(?:[aeiouy]+[^aeiouy]+e|[aeiouy]+[^aeiouy]*)$", word)
    return set((ODD.get(word) or (found[0] if found else word)).split("|"))


def last_word(line: str) -> str:
    """The word on which a line ends."""
    return str(re.findall(r"[A-Za-z][A-Za-z']*", line)[-1]).strip("'").lower()


def rhymes(one: str, other: str) -> bool:
    """Whether two lines rhyme: their last words sound alike at the end and are not the same word."""
    first, second = last_word(one), last_word(other)
    return first != second and bool(sounds(first) & sounds(second))
