"""Made-up texts that are the same everywhere and need none of the program's word tables."""

from __future__ import annotations

WHO = [
    *("the baker", "a tall sailor", "my aunt", "the young cook", "our neighbour"),
    *("a patient nurse", "the old clockmaker", "one of the twins"),
]
DOES = "carries paints forgets mends sells hides borrows counts".split()
WHAT = [
    *("a loaf of bread", "two blue chairs", "the silver key", "seven letters"),
    *("an umbrella", "the green boat", "a bag of apples", "her map"),
]
WHERE = [
    *("near the harbour", "after lunch", "before the rain comes", "in the garden"),
    *("without a word", "on Mondays", "under the bridge", "at dawn"),
]


def sentences(documents: int) -> str:
    """Documents of four sentences about one person each, with a separator between them. They are
    drawn by the generator that ANSI C gives as an example: Python may change its own."""
    state = 1

    def pick(words: list[str]) -> str:
        nonlocal state
        state = (1103515245 * state + 12345) % 2**31
        return words[(state >> 16) % len(words)]

    texts = []
    for _ in range(documents):
        who = pick(WHO)
        said = [f"{who} {pick(DOES)} {pick(WHAT)} {pick(WHERE)}.".capitalize() for _ in range(4)]
        texts.append(" ".join(said))
    return "\n<|endoftext|>\n".join(texts)
