"""Scenes about WordNet's things: sums in words, talks in a shop and on a walk, letters home."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

from formats_words import ANIMAL, ARTIFACT, FOOD, NAMES, PLANT, Synset, article, latin, parse, sentence

THINGS = "apple pear plum lemon orange egg cookie cake bun carrot onion potato marble card stamp book pencil crayon shell pebble button coin ticket flower rose tulip chair cup plate spoon brick nail lamp toy ball kite balloon sticker ribbon jar bottle basket candle key map".split()
PLACES = [
    "the market",
    "the library",
    "the beach",
    "the farm",
    "the park",
    "the school",
    "the shop",
    "the fair",
    "the garden",
    "the museum",
]

DANGEROUS = re.compile(
    r"\b(bombs?|guns?|weapons?|missiles?|explosives?|rifles?|pistols?|cannons?|drugs?|antibiotics?|torture|execut\w+|kill\w*|poison\w*|mutant|parasit\w+|building|ship|aircraft|warship|road|street|room|genus|order|family|workplace|virus\w*|\w+virus\w*|bacteri\w+|protozoa\w*|micro\w+|fung\w+|organ|part|process|cell|larva|worm|mite|lice|louse)\b"
)


def plural(word: str, count: int = 2) -> str:
    ending = "ies" if re.search(r"[^aeiou]y$", word) else "es" if word.endswith(("s", "x", "ch", "sh", "to")) else "s"
    return word if count == 1 else (word[:-1] if ending == "ies" else word) + ending


def counted(count: int, word: str) -> str:
    return f"{count} {plural(word, count)}"


def described(data: bytes, *files: int) -> list[Synset]:
    """Things of some of WordNet's files that one can describe in a sentence."""
    return [
        s
        for s in parse(data).values()
        if s.file in files
        and s.word.isascii()
        and s.word.islower()
        and not latin(s)
        and not DANGEROUS.search(f"{s.word} {s.definition}")
        and len(s.word.split()) < 3
        and 20 < len(s.definition) < 130
        and re.match(r"(a|an|any) ", s.definition)
        and "(" not in s.definition
    ]


def sums(name: str, data: bytes, documents: int = 1600) -> Iterator[str]:
    """Arithmetic problems in words, with the way to the answer."""
    for i in range(documents):
        rng = random.Random(i)
        first, second = rng.choice([("Question", "Answer"), ("Problem", "Solution"), ("User", "Assistant"), ("Q", "A")])
        yield "\n\n".join(
            f"{first}: {question}\n{second}: {answer}" for question, answer in (problem(rng) for _ in range(rng.randint(2, 5)))
        )


def problem(rng: random.Random) -> tuple[str, str]:
    """One problem and its solution."""
    who, other = rng.sample(NAMES, 2)
    thing, place = rng.choice(THINGS), rng.choice(PLACES)
    things = plural(thing)
    a, b, c = rng.randint(3, 40), rng.randint(2, 12), rng.randint(2, 9)
    pick = rng.randrange(8)
    if pick == 0:
        return (
            f"{who} has {counted(a, thing)}. {other} gives {who} {b} more. How many {things} does {who} have now?",
            f"{who} starts with {a} and gets {b} more. {a} + {b} = {a + b}. {who} has {counted(a + b, thing)}.",
        )
    if pick == 1:
        return (
            f"{who} finds {counted(a + b, thing)}. {who} gives {b} of them to {other}. How many are left?",
            f"{a + b} - {b} = {a}. There {'is' if a == 1 else 'are'} {counted(a, thing)} left.",
        )
    if pick == 2:
        return (
            f"{who} buys {b} boxes of {things} at {place}. Each box holds {c}. How many {things} is that?",
            f"Each of the {b} boxes holds {c}, so we multiply: {b} x {c} = {b * c}. That is {counted(b * c, thing)}.",
        )
    if pick == 3:
        return (
            f"{who} shares {counted(b * c, thing)} equally among {c} friends. How many does each friend get?",
            f"We divide: {b * c} / {c} = {b}. Each friend gets {counted(b, thing)}.",
        )
    if pick == 4:
        return (
            f"One {thing} costs {c} dollars. {who} buys {b} of them and pays with {b * c + a} dollars. How much change does {who} get?",
            f"The {things} cost {b} x {c} = {b * c} dollars. The change is {b * c + a} - {b * c} = {a} dollars.",
        )
    if pick == 5:
        return (
            f"{who} has {counted(a + b, thing)} and {other} has {a}. Who has more, and how many more?",
            f"{a + b} is more than {a}. {a + b} - {a} = {b}, so {who} has {b} more than {other}.",
        )
    if pick == 6:
        hours, start = rng.randint(1, 5), rng.randint(1, 6)
        return (
            f"{who} leaves for {place} at {start} o'clock and is away for {counted(hours, 'hour')}. At what time does {who} come back?",
            f"{start} + {hours} = {start + hours}. {who} comes back at {start + hours} o'clock.",
        )
    return (
        f"{who} puts {counted(c, thing)} on the table every day. How many {things} are there after {b} days, if {other} takes {min(b, 3)} away at the end?",
        f"After {b} days there are {b} x {c} = {b * c}. Then {other} takes {min(b, 3)} away: {b * c} - {min(b, 3)} = {b * c - min(b, 3)}. There are {counted(b * c - min(b, 3), thing)}.",
    )


def shop_talks(name: str, data: bytes, share: float = 0.35) -> Iterator[str]:
    """Somebody wants to buy a thing, and says what it is for; the talk ends in a sale or not."""
    for s in described(data, ARTIFACT, FOOD):
        rng = random.Random(s.offset + 5)
        if rng.random() > share:
            continue
        buyer, seller = rng.choice([("Customer", "Shopkeeper"), ("A", "B"), tuple(rng.sample(NAMES, 2)), ("Customer", "Assistant")])
        thing, price = article(s.word), rng.randint(2, 60)
        talk = [
            (
                buyer,
                rng.choice(["Good morning! ", "Hello. ", "Excuse me. ", "Good afternoon. ", "Hi there! "])
                + rng.choice(
                    [
                        f"Do you sell {plural(s.word)}?",
                        f"I am looking for {thing}.",
                        f"I would like to buy {thing}, please.",
                        f"Do you have {thing}?",
                    ]
                ),
            )
        ]
        talk.append(
            (
                seller,
                rng.choice(
                    [
                        f"{thing}? What is that?",
                        f"I am not sure that I know the word. What is {thing}?",
                        "Remind me, please: what does it look like?",
                        f"{thing}! Nobody has asked for that in years. Remind me what it is.",
                    ]
                ),
            )
        )
        talk.append((buyer, rng.choice([f"It is {s.definition}.", f"That is {s.definition}.", f"Oh, {s.definition}."])))
        if rng.random() < 0.6:
            talk.append(
                (
                    seller,
                    rng.choice(
                        [
                            f"Ah, now I see. Yes, we have one. It costs {price} dollars.",
                            f"Of course! Here it is. That will be {price} dollars.",
                            f"You are lucky, this is the last one. {price} dollars, please.",
                        ]
                    ),
                )
            )
            if rng.random() < 0.5:
                talk += [
                    (
                        buyer,
                        rng.choice(
                            [
                                f"That is a lot. Would you take {max(1, price - rng.randint(1, 5))}?",
                                "Is there a cheaper one?",
                                "Hmm, that is more than I thought.",
                            ]
                        ),
                    ),
                    (
                        seller,
                        rng.choice(
                            [
                                "I am afraid not. It is very well made.",
                                "For you, I will make it a dollar less.",
                                "All right, but do not tell anybody.",
                            ]
                        ),
                    ),
                ]
            last, reply = rng.choice(
                [
                    ("Good, I will take it. Here you are.", "Thank you very much. Have a nice day!"),
                    ("Wonderful! Can I pay by card?", "Of course. Please sign here."),
                    ("Thank you. Keep the change.", "That is kind of you. Goodbye!"),
                    ("Fine. Could you wrap it up for me? It is a present.", "With pleasure. Who is the lucky one?"),
                    ("I will have to ask my wife first.", "Do that. I will keep it for you until tonight."),
                    ("Then give me two of them.", "Two? Let me look in the back."),
                ]
            )
            talk += [(buyer, last), (seller, reply)]
        else:
            talk += rng.choice(
                [
                    [
                        (seller, "I am sorry, we have none left."),
                        (buyer, rng.choice(["What a pity. Thank you anyway.", "Never mind. Goodbye!"])),
                    ],
                    [(seller, "Sorry, we do not sell those. Try the shop across the street."), (buyer, "Thank you, I will ask there.")],
                    [
                        (seller, "We are expecting some next week. Shall I keep one for you?"),
                        (buyer, "Yes, please, that would be kind of you."),
                    ],
                    [
                        (seller, "No, but I can order one for you."),
                        (buyer, rng.choice(["How long would that take?", "Please do. Here is my address."])),
                    ],
                ]
            )
        yield "\n".join(f"{who}: {said[0].upper()}{said[1:]}" for who, said in talk)


def letters(name: str, data: bytes, share: float = 0.45) -> Iterator[str]:
    """Letters and messages about an animal, a plant, a dish or a sight that somebody has come across."""
    for s in described(data, ANIMAL, PLANT, FOOD):
        rng = random.Random(s.offset + 6)
        if rng.random() > share:
            continue
        to, sender = rng.sample(NAMES, 2)
        thing, day = (
            article(s.word),
            rng.choice(["Yesterday", "This morning", "On Sunday", "Last week", "On our way home", "The day before yesterday"]),
        )
        seen = {ANIMAL: "saw", PLANT: "found", FOOD: "tasted"}[s.file]
        body = [
            rng.choice(
                [
                    "How are you? I am well, and so is everybody here.",
                    "Thank you for your letter. It made me laugh.",
                    "I am sorry that I have not written for so long.",
                    "You will not believe what has happened.",
                    "It has rained all week, but today the sun is shining.",
                    "I hope that you are feeling better.",
                    "I have some news for you.",
                ]
            )
        ]
        body.append(
            rng.choice(
                [
                    f"{day} we {seen} {thing}, the first in my life.",
                    f"{day} I {seen} {thing}. I had never heard of one before!",
                    f"{day} my sister and I {seen} {thing}.",
                ]
            )
        )
        body.append(
            rng.choice(
                [
                    f"In case you do not know what that is: it is {s.definition}.",
                    f"Uncle {rng.choice(NAMES[1::2])} explained to me that it is {s.definition}.",
                    f"I looked it up, and this is what the book says: {s.definition}.",
                    f"A {s.word.split()[-1]} like that is {s.definition}."
                    if s.word.split()[-1][0] not in "aeiou"
                    else f"It is {s.definition}.",
                ]
            )
        )
        body.append(
            rng.choice(
                [
                    "I wish you had been there.",
                    "I made a drawing of it for you.",
                    "I took a picture, which I will show you when we meet.",
                    "Grandmother did not believe me when I told her.",
                    "Have you ever come across one?",
                    "I thought of you at once.",
                    "We talked about it all evening.",
                ]
            )
        )
        body.append(
            rng.choice(
                [
                    "Please write soon and tell me how school is going.",
                    "When will you come and visit us?",
                    "Give my love to your mother.",
                    "The kitchen smells of supper, so I must stop now.",
                    "I am counting the days until the holidays.",
                    "Please feed the cat, and do not forget to water the plants.",
                ]
            )
        )
        ending = rng.choice(["Yours", "Love", "With love", "Best wishes", "See you soon", "Your friend", "Warm regards"])
        yield f"{rng.choice(['Dear', 'Dear', 'My dear', 'Hello'])} {to},\n\n{' '.join(body[:2])} {' '.join(map(sentence, body[2:3]))} {body[3]}\n\n{body[4]}\n\n{ending},\n{sender}"
