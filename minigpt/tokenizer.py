"""Byte-level BPE over GPT-2's merges: text in, token ids out, and back. Sennrich et al. 2016; Radford et al. 2019, section 2.2.

A text is split into words by GPT-2's pattern; a word's UTF-8 bytes are the first tokens; then the pair of neighbours with the lowest
merge rank is joined, again and again, until no pair has a rank. Ids follow from the merge table alone: 256 byte tokens in the order
of GPT-2's byte alphabet, one token for each merge in rank order, and end-of-text last.
"""

from __future__ import annotations

import codecs
import heapq
import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib import resources
from itertools import chain
from numbers import Integral
from typing import Any
from weakref import WeakMethod

import regex

from minigpt.errors import MinigptError

END_OF_TEXT = "<|endoftext|>"
# Letters and numbers that Unicode added after version 16, by which tiktoken 0.14 splits. They count as marks, so that a text's ids do
# not depend on the Unicode version of the installed `regex`.
YOUNG = "".join(
    "-".join(chr(int(end, 16)) for end in span.split("-"))
    for span in """
    558 58B-58C 88F C5C CDC 208F 209D-209F A7CE-A7CF A7D2 A7D4 A7DD A7E2 A7F1 AB6C-AB6D 107BB-107BF 10940-10959 10EC5-10EC7 10ED9-10EEE
    11B0A 11DB0-11DDB 11DE0-11DE9 11DF1 1246F 12475-1247F 12550-12686 16EA0-16EB8 16EBB-16ED3 16FF2-16FF6 187F8-187FF 18CD6-18CDA
    18D09-18D20 18D80-18DF2 18E00-19191 191A0-191D2 1B123-1B128 1B168 1D6A6 1DF1F-1DF24 1DF2B-1DF81 1DF90-1DF96 1DFCD-1DFFF 1E6C0-1E6DE
    1E6E0-1E6E2 1E6E4-1E6E5 1E6E7-1E6ED 1E6F0-1E6F4 1E6FE-1E6FF 2B73A-2B73F 2B81E 2CEA2-2CEAD 323B0-33479 3D000-3FC3F""".split()
)


def word_pattern(letter: str, number: str, mark: str) -> regex.Pattern[str]:
    """GPT-2's split: contractions; letters, numbers, other marks, each run with at most one space before it; and runs of white space
    that leave the last space to the word behind. White space is Unicode's White_Space: Python's \\s adds the separators 1C to 1F."""
    space = r"\p{White_Space}"
    return regex.compile(rf"'(?:[stmd]|re|ve|ll)| ?{letter}+| ?{number}+| ?{mark}+|{space}+(?!\P{{White_Space}})|{space}+", regex.VERSION1)


WORDS = word_pattern(r"\p{L}", r"\p{N}", r"[^\p{White_Space}\p{L}\p{N}]")
HAS_YOUNG = regex.compile(f"[{YOUNG}]")
WORDS_AMONG_YOUNG = word_pattern(  # half as fast, so only where it is needed
    rf"[\p{{L}}--[{YOUNG}]]", rf"[\p{{N}}--[{YOUNG}]]", rf"[[^\p{{White_Space}}\p{{L}}\p{{N}}]||[{YOUNG}]]"
)
# The same split where only ASCII is near, by the standard library's module, which is twice as fast. A word with any other character in or
# behind it is left for WORDS, together with everything up to the next white space.
OTHER = r"\x80-\U0010FFFF"
ASCII_WORDS = re.compile(
    rf"'(?:[stmd]|re|ve|ll)| ?[A-Za-z]+(?![A-Za-z{OTHER}])| ?[0-9]+(?![0-9{OTHER}])| ?[^\sA-Za-z0-9{OTHER}]+(?![^\sA-Za-z0-9])| ?\S+"
    r"|\s+(?!\S)|\s+",
    re.ASCII,
)
OTHER_SPACE = re.compile("[\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")  # White_Space beyond ASCII
SHORT = 24  # bytes of a word whose pairs are all looked at for each merge; for longer ones there is a heap
NO_RANK = 2**62
CACHED_WORDS = 2**17  # about 30 MB of words; a full cache is emptied, which costs one more merge a word
CACHED_LENGTH = 64  # characters; longer words are rare, and could fill the memory

Pair = tuple[int, int]


@cache
def byte_alphabet() -> dict[int, str]:
    """Byte -> the printable character that stands for it in GPT-2's files; the order of the entries is the order of the token ids.

    Printable Latin-1 bytes stand for themselves; the other 68 get the characters from U+0100 on.
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {byte: chr(byte) for byte in printable} | {byte: chr(0x100 + i) for i, byte in enumerate(others)}


def parse_merges(text: str, source: str) -> list[tuple[str, str]]:
    """A merges.txt, one pair a line below an optional `#version` line, as pairs of alphabet strings in rank order."""
    pairs = []
    for number, line in enumerate(text.splitlines(), 1):
        if (number == 1 and line.startswith("#version")) or not line.strip():
            continue
        halves = line.split(" ")
        if len(halves) != 2 or not all(halves):
            raise MinigptError(f"{source}, line {number}: wanted two tokens with one space between, got {line[:40]!r}")
        pairs.append((halves[0], halves[1]))
    return pairs


@cache
def gpt2_merges() -> list[tuple[str, str]]:
    """GPT-2's 50,000 merges, from the package's own file."""
    return parse_merges((resources.files("minigpt") / "assets" / "gpt2_merges.txt").read_text(encoding="utf-8"), "gpt2_merges.txt")


def split(text: str) -> list[str]:
    """The words of any text by GPT-2's pattern."""
    words: list[str] = (WORDS_AMONG_YOUNG if HAS_YOUNG.search(text) else WORDS).findall(text)
    return words


class _Words(dict[str, list[int]]):
    """Word -> ids, computed at the first use."""

    def __init__(self, encode_word: Callable[[bytes], list[int]]) -> None:
        super().__init__()
        self._encode_word = WeakMethod(encode_word)  # no reference cycle: a tokenizer takes 40 MB, freed after its last use

    def __missing__(self, word: str) -> list[int]:
        parts = [word] if word.isascii() else split(word)
        if len(parts) > 1:
            ids = list(chain.from_iterable(map(self.__getitem__, parts)))
        else:
            encode_word = self._encode_word()
            assert encode_word is not None, "words outlive no tokenizer"
            ids = encode_word(word.encode())
        if len(word) <= CACHED_LENGTH:
            if len(self) >= CACHED_WORDS:
                self.clear()
            self[word] = ids
        return ids


class Tokenizer:
    """Text to ids and back. `tokens[i]` are the bytes of token i; end-of-text has none."""

    def __init__(self, merges: Sequence[tuple[str, str]], whole: bool = False) -> None:
        """merges: pairs of alphabet strings in rank order; both halves of each must be a byte or an earlier merge. `whole`: it is known
        that the merges make every token out of its own bytes, as GPT-2's do, so that a word that is a token need not be merged."""
        alphabet = byte_alphabet()
        self.merges = list(merges)
        self.token_ids = {character: i for i, character in enumerate(alphabet.values())}  # alphabet string -> id
        self._ranks: dict[Pair, int] = {}  # (left id, right id) -> id of the joined token, which grows with the rank
        for rank, (left, right) in enumerate(self.merges):
            if left not in self.token_ids or right not in self.token_ids or left + right in self.token_ids:
                raise MinigptError(f"merge {rank + 1}, {left!r} {right!r}: both halves must be tokens already, and their union must be new")
            joined = self.token_ids[left + right] = len(self.token_ids)
            self._ranks[self.token_ids[left], self.token_ids[right]] = joined
        byte_of = {character: byte for byte, character in alphabet.items()}
        self.tokens = [bytes(byte_of[c] for c in token) for token in self.token_ids]
        self.end_of_text = len(self.tokens)
        self.tokens.append(b"")
        self.token_ids[END_OF_TEXT] = self.end_of_text
        self._byte_ids = [self.token_ids[alphabet[byte]] for byte in range(256)]
        self._whole = {token: i for i, token in enumerate(self.tokens)} if whole else {}
        self._words = _Words(self._encode_word)

    def __reduce__(self) -> tuple[Any, ...]:
        return Tokenizer, (self.merges, bool(self._whole))

    @classmethod
    def gpt2(cls) -> Tokenizer:
        """GPT-2's own tokenizer, all 50,257 tokens."""
        return cls(gpt2_merges(), whole=True)

    @property
    def vocab_size(self) -> int:
        """The number of tokens, end-of-text included."""
        return len(self.tokens)

    def encode(self, text: str) -> list[int]:
        """The ids of a text. `<|endoftext|>` in it is ordinary text; a lone surrogate counts as U+FFFD, as in tiktoken."""
        words: Callable[[str], list[str]] = ASCII_WORDS.findall
        if not text.isascii():
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            if OTHER_SPACE.search(text):
                words = split
        return list(chain.from_iterable(map(self._words.__getitem__, words(text))))

    def _encode_word(self, word: bytes) -> list[int]:
        """Join the neighbours of lowest rank, leftmost first, until none is left."""
        if (token := self._whole.get(word)) is not None:
            return [token]
        ids, ranks = [self._byte_ids[byte] for byte in word], self._ranks
        if len(ids) > SHORT:
            return self._encode_long(ids)
        found = [ranks.get(pair, NO_RANK) for pair in zip(ids, ids[1:])]  # noqa: B905, RUF007 (one is shorter; pairwise is slower)
        while found and (joined := min(found)) != NO_RANK:
            i = found.index(joined)
            ids[i : i + 2] = [joined]
            del found[i]
            if i < len(found):
                found[i] = ranks.get((joined, ids[i + 1]), NO_RANK)
            if i:
                found[i - 1] = ranks.get((ids[i - 1], joined), NO_RANK)
        return ids

    def _encode_long(self, ids: list[int]) -> list[int]:
        """The same in O(n log n), also for a word of a million bytes.

        The word is a doubly linked list of tokens; a heap holds every pair that has a rank. A heap entry whose pair has changed
        since is recognised by its tokens and passed over.
        """
        n, ranks = len(ids), self._ranks
        following, previous = list(range(1, n + 1)), list(range(-1, n - 1))
        heap = [(joined, i) for i in range(n - 1) if (joined := ranks.get((ids[i], ids[i + 1]))) is not None]
        heapq.heapify(heap)
        while heap:
            joined, i = heapq.heappop(heap)
            j = following[i]
            if j >= n or ranks.get((ids[i], ids[j])) != joined:
                continue
            ids[i], ids[j] = joined, -1  # -1 has no rank: entries that start at j are dead
            k = following[i] = following[j]
            if k < n:
                previous[k] = i
            for left, right in ((previous[i], i), (i, k)):
                if left >= 0 and right < n and (rank := ranks.get((ids[left], ids[right]))) is not None:
                    heapq.heappush(heap, (rank, left))
        return [token for token in ids if token >= 0]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ids; bytes that are no UTF-8 become U+FFFD, end-of-text becomes nothing."""
        return b"".join([self.tokens[self.checked(i)] for i in ids]).decode("utf-8", "replace")

    def checked(self, token: int) -> int:
        """The id itself; MinigptError if it is not a whole number, or not one of this tokenizer's ids."""
        if isinstance(token, bool) or not isinstance(token, Integral):
            raise MinigptError(f"token id {token!r} is not a whole number")
        number = int(token)
        if not 0 <= number < len(self.tokens):
            raise MinigptError(f"token id {token} is outside this vocabulary of {len(self.tokens)}")
        return number


class StreamDecoder:
    """Ids one at a time -> text pieces; the bytes of half a character wait for the other half, and are never shown without it."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, token: int) -> str:
        """The text that this token completes, possibly none."""
        return self._decoder.decode(self.tokenizer.tokens[self.tokenizer.checked(token)])
