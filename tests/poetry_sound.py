"""Hears rhymes by spelling, without the writers' tables: the sound of a word from its last stressed vowel on."""

from __future__ import annotations

import re
from functools import cache

# Words that do not sound as they are spelled, or that rhyme with words spelled otherwise: a sound, and those that end in it.
FAMILIES = """
ost: lost crossed tossed frost cost bossed
ast: passed last fast past cast vast
eeve: sleeve leave heave grieve eve believe weave
ense: sense hence tense fence pence
: sofa
ace: face place lace case base bass grace space race
ack: sack back black
ade: stayed made afraid played shade laid dismayed swayed
af: laugh half
air: bear there where pear wear anywhere everywhere their somewhere prayer tear mayor ayr heir swear care hair chair stair fair share
    bare spare square air pair clare mayfair dare stare despair mare repair fare
airs: their's
ale: rail sale sail gale pale tale whale ale
ales: wales tales nails sails
alk: hawk talk walk chalk
all: wall small hall call crawl shawl all ball fall tall
alt: fault halt
am: ham lamb
ams: hams lambs
an: anne man
and: hand land stand
ands: sands hands plans
ane: rain train again vein chain lane plain spain maine bahrain drain pain grain reign pane main mane brain remain vain cane crane
    explain complain plane rein gain
ans: plans
ar: are car far star bar guitar jar
ard: yard hard guard
art: heart apart part start cart
aste: waist haste taste waste
ass: gas brass grass pass
ate: great eight weight wait straight freight
ath: path bath math aftermath
ats: hats
aught: brought taught caught thought aught naught bought ought sought fought
awn: gone yawn drawn dawn lawn
awns: yawns dawns
ay: say weigh they gray neigh hey obey
aze: days plays ways praise gaze blaze raise
bed: said dead head bread instead dread fled read lead wed red bed ahead shed ned
ear: here beer cheer year dear near clear steer fear hear appear ear gear
ears: tears ears years
eds: beds heads
ee: sea see me be she he we three tree free key tea knee quay agree fee lea lee dee glee plea bee guarantee company harmony memory
    maybe debris family cheerily pea dundee
eece: fleece peace cease nice greece piece geese niece
eeds: leeds reads seeds weeds needs
eek: speak week cheek weak creek meek leak squeak seek
eel: reveal meal deal wheel feel heel real seal steel keel teal zeal
eem: stream dream seem steam scream seam cream beam scheme
een: been seen green screen mean clean lean
eep: deep sleep keep sheep weep heap leap steep creep
eet: sweet feet street meet seat heat eat complete beat neat deceit treat wheat fleet sheet meat retreat repeat
eez: ease please knees trees breeze cheese seas bees freeze
el: motel well bell tell hotel farewell swell
en: again ten then men women pen when
ence: tenpence
end: friend end mend
ent: went meant scent
ept: wept kept slept
est: guest impressed best
et: yet forget
ez: says
ice: nice rice twice price advice dice mice spice ice slice
ide: wide tide tied hide side died cried guide inside beside ride pride dried lied tried bride worldwide wide-eyed eyed
ie: eye sky dry high why by goodbye sigh reply lie rye buy my cry die try fly i pie skye nigh shy tie guy spy july deny bye
il: bill seville brazil rhyl still hill will mill until fill kill sill
ild: child wild smiled mild piled
ile: aisle smile while mile isle
ilk: silk milk
ime: time rhyme climb lyme chime lime crime prime dime
in: twin win berlin turin inn been chin thin
ind: whined mind behind kind find blind bind signed lined
ine: mine line wine nine sign fine shine brine dine
ip: ship
ips: lips ships
ist: wrist missed kissed
ite: night light right white height tonight quite bite kite write candlelight tight sight bright delight
ize: eyes skies wise rise lies sighs surprise pies ties prize
och: watch
ock: bangkok clock shock dock lock rock
ode: load road owed slowed flowed glowed
oe: know go so no low slow snow show below ago grow glow row blow throw toe though dough bow radio flow window hello crow owe sew woe
    foe tow oh
off: off cough
oft: soft loft
oke: folk spoke joke broke cloak smoke oak stoke woke yoke soak
old: told cold bowled
ole: soul roll coal whole bowl
ome: home foam roam comb rome nome loam
on: gone on swan
ond: wand pond
one-: own grown known unknown stone alone bone throne phone moan cologne flown shown tone sewn blown
ont: want
oo: you through do to too two who shoe blue true new knew few view crew brew queue drew grew flew due dew glue clue sue threw blew kew
    crewe looe peru stew rue undo adieu hue into brand-new avenue
ood: food rude mood
oom: bloom room broom gloom
oon: moon noon soon tune june spoon troon balloon rangoon afternoon lagoon harpoon
oove: prove move groove
ooze: whose lose choose shoes news blues snooze use
ope: soap rope hope
ord: bored aboard board hoard roared
ore: door floor more four before shore oar war roar your for poor core store galore lahore score snore wore ashore bore
ores: oars yours shores doors indoors pours
ork: cork pork york fork
osh: wash
ot: what not pot
ote: boat wrote coat goat note throat float
ow: now how cow slough macau vow bough plow allow somehow
owd: loud crowd stroud cowed cloud proud aloud vowed
own: shone
own-: town down brown crown gown frown clown drown slumbertown
oz: was
oze: goes nose rose shows toes knows clothes rows blows close snows flows grows
sun: done one none everyone son bun sun fun run begun ton won
uch: touch much such
ud: blood mud flood bud
ud-: wood good stood should could would understood hood
uff: rough enough stuff cuff tough
ul-: wool full pull bull
ull: gull dull hull mull
um: come numb sum drum thumb dumb some
unce: once dunce
ung: tongue young hung sung
unk: monk drunk
unt: front hunt
unth: month
urd: word heard bird third herd
url: girl curl pearl
urn: learn turn burn return earn fern stern
urs: hers furs
urst: first worst burst thirst
urth: worth earth birth
ust: crust rust
uv: love above glove dove of
"""


@cache
def families() -> dict[str, set[str]]:
    """Word -> the sounds that it may end in; "again" has two."""
    found: dict[str, set[str]] = {}
    for row in FAMILIES.replace("\n    ", " ").strip().split("\n"):
        key, words = row.split(": ")
        for word in words.split():
            found.setdefault(word, set()).add(key)
    return found


def sounds(word: str) -> set[str]:
    """Keys that words share if they rhyme: the table's, or the spelling from the last group of vowels on."""
    word = word.lower().strip("'").removesuffix("'s")
    found = re.search(r"(?:[aeiouy]+[^aeiouy]+e|[aeiouy]+[^aeiouy]*)$", word)
    return families().get(word) or {found[0] if found else word}


def last_word(line: str) -> str:
    """The word on which a line ends."""
    return str(re.findall(r"[A-Za-z][A-Za-z']*", line)[-1]).strip("'").lower()


def rhymes(one: str, other: str) -> bool:
    """Whether two lines rhyme: their last words sound alike at the end and are not the same word."""
    first, second = last_word(one), last_word(other)
    return first != second and bool(sounds(first) & sounds(second))
