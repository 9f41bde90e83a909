"""Byte-level BPE with GPT-2's merges: text -> token ids, and back. Sennrich et al. 2016; Radford et
al. 2019, section 2.2.

GPT-2's pattern splits a text into words. Each word starts as its UTF-8 bytes; then the adjacent
pair with the lowest merge rank is merged, again and again, until no pair has a rank. The merge
table alone decides the ids: the 256 bytes in the order of GPT-2's byte alphabet, a token for each
merge in rank order, and end-of-text last.
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
# Letters and numbers that Unicode added after version 16, which is tiktoken 0.14's. They count as
# marks, so that a text's ids do not depend on the Unicode version of the installed `regex`.
YOUNG = "".join(
    "-".join(chr(int(end, 16)) for end in span.split("-"))
    for span in """
    558 58B-58C 88F C5C CDC 208F 209D-209F A7CE-A7CF A7D2 A7D4 A7DD A7E2 A7F1 AB6C-AB6D
    107BB-107BF 10940-10959 10EC5-10EC7 10ED9-10EEE 11B0A 11DB0-11DDB 11DE0-11DE9 11DF1 1246F
    12475-1247F 12550-12686 16EA0-16EB8 16EBB-16ED3 16FF2-16FF6 187F8-187FF 18CD6-18CDA
    18D09-18D20 18D80-18DF2 18E00-19191 191A0-191D2 1B123-1B128 1B168 1D6A6 1DF1F-1DF24
    1DF2B-1DF81 1DF90-1DF96 1DFCD-1DFFF 1E6C0-1E6DE 1E6E0-1E6E2 1E6E4-1E6E5 1E6E7-1E6ED
    1E6F0-1E6F4 1E6FE-1E6FF 2B73A-2B73F 2B81E 2CEA2-2CEAD 323B0-33479 3D000-3FC3F""".split()
)

CONTRACTION = "'(?:[stmd]|re|ve|ll)"


def word_pattern(letter: str, number: str, mark: str) -> regex.Pattern[str]:
    """GPT-2's split: contractions; runs of letters, of numbers and of other marks, each with at
    most one space before it; and runs of white space, which leave the last space to the next word.
    White space is Unicode's White_Space; Python's \\s would add the separators 1C to 1F."""
    space = r"\p{White_Space}"
    spaces = rf"{space}+(?!\P{{White_Space}})|{space}+"
    words = rf"{CONTRACTION}| ?{letter}+| ?{number}+| ?{mark}+|{spaces}"
    return regex.compile(words, regex.VERSION1)


WORDS = word_pattern(r"\p{L}", r"\p{N}", r"[^\p{White_Space}\p{L}\p{N}]")
HAS_YOUNG = regex.compile(f"[{YOUNG}]")
WORDS_AMONG_YOUNG = word_pattern(  # half as fast, so used only where needed
    rf"[\p{{L}}--[{YOUNG}]]",
    rf"[\p{{N}}--[{YOUNG}]]",
    rf"[[^\p{{White_Space}}\p{{L}}\p{{N}}]||[{YOUNG}]]",
)
# The same split of ASCII text by the standard library's `re`, twice as fast. A word with any other
# character in it or after it is left to WORDS, together with everything up to the next white space.
OTHER = r"\x80-\U0010FFFF"
LETTERS = rf"[A-Za-z]+(?![A-Za-z{OTHER}])"
DIGITS = rf"[0-9]+(?![0-9{OTHER}])"
MARKS = rf"[^\sA-Za-z0-9{OTHER}]+(?![^\sA-Za-z0-9])"
ASCII = rf"{CONTRACTION}| ?{LETTERS}| ?{DIGITS}| ?{MARKS}| ?\S+|\s+(?!\S)|\s+"
ASCII_WORDS = re.compile(ASCII, re.ASCII)
OTHER_SPACE = re.compile("[\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")  # not ASCII
SHORT = 24  # bytes: for a longer word a heap of its pairs is faster than a scan for each merge
NO_RANK = 2**62
CACHED_WORDS = 2**17  # about 30 MB; a full cache is emptied
CACHED_LENGTH = 64  # characters; longer words are rare and could fill the memory

Pair = tuple[int, int]


@cache
def byte_alphabet() -> dict[int, str]:
    """Byte -> the printable character that stands for it in GPT-2's files, in the order of the ids.

    Printable Latin-1 bytes stand for themselves; the other 68 get the characters from U+0100 on.
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    own = {byte: chr(byte) for byte in printable}
    return own | {byte: chr(0x100 + i) for i, byte in enumerate(others)}


def parse_merges(text: str, source: str) -> list[tuple[str, str]]:
    """The pairs of a merges.txt, one per line after an optional `#version` line, in rank order."""
    pairs = []
    for number, line in enumerate(text.splitlines(), 1):
        if (number == 1 and line.startswith("#version")) or not line.strip():
            continue
        halves = line.split(" ")
        if len(halves) != 2 or not all(halves):
            problem = f"expected two tokens with one space between them, got {line[:40]!r}"
            raise MinigptError(f"{source}, line {number}: {problem}")
        pairs.append((halves[0], halves[1]))
    return pairs


@cache
def gpt2_merges() -> list[tuple[str, str]]:
    """GPT-2's 50,000 merges."""
    file = resources.files("minigpt") / "disk" / "gpt2_merges.txt"
    return parse_merges(file.read_text(encoding="utf-8"), file.name)


def split(text: str) -> list[str]:
    """The words of a text, split by GPT-2's pattern."""
    words: list[str] = (WORDS_AMONG_YOUNG if HAS_YOUNG.search(text) else WORDS).findall(text)
    return words


class _Words(dict[str, list[int]]):
    """Word -> ids, computed at first use."""

    def __init__(self, encode_word: Callable[[bytes], list[int]]) -> None:
        super().__init__()
        # Weak, so that no reference cycle keeps a tokenizer's 40 MB after its last use.
        self._encode_word = WeakMethod(encode_word)

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
    """Text -> ids, and back. `tokens[i]` has the bytes of token i; end-of-text has none."""

    def __init__(self, merges: Sequence[tuple[str, str]], whole: bool = False) -> None:
        """merges: pairs of alphabet strings in rank order, each half a byte or an earlier merge.

        whole: the merges build every token from its own bytes, as GPT-2's do, so a word that is a
        token needs no merging.
        """
        alphabet = byte_alphabet()
        self.merges = list(merges)
        # Alphabet string -> id.
        self.token_ids = {character: i for i, character in enumerate(alphabet.values())}
        self._ranks: dict[Pair, int] = {}  # (left id, right id) -> id of their union: by rank
        for rank, (left, right) in enumerate(self.merges):
            ids = self.token_ids
            if left not in ids or right not in ids or left + right in ids:
                problem = "both halves must be tokens already, and their union must be new"
                raise MinigptError(f"merge {rank + 1}, {left!r} {right!r}: {problem}")
            joined = ids[left + right] = len(ids)
            self._ranks[ids[left], ids[right]] = joined
        byte_of = {character: byte for byte, character in alphabet.items()}
        self.tokens = [bytes(byte_of[c] for c in token) for token in self.token_ids]
        self.end_of_text = len(self.tokens)
        self.tokens.append(b"")
        self.token_ids[END_OF_TEXT] = self.end_of_text
        self._byte_ids = [self.token_ids[alphabet[byte]] for byte in range(256)]
        self._whole = {token: i for i, token in enumerate(self.tokens)} if whole else {}
        self._words = _Words(self.encode_word)

    def __reduce__(self) -> tuple[Any, ...]:
        return Tokenizer, (self.merges, bool(self._whole))

    @classmethod
    def gpt2(cls) -> Tokenizer:
        """GPT-2's tokenizer, with all 50,257 tokens."""
        return cls(gpt2_merges(), whole=True)

    @property
    def vocab_size(self) -> int:
        """The number of tokens, end-of-text included."""
        return len(self.tokens)

    def encode(self, text: str) -> list[int]:
        """The ids of a text, as tiktoken's: `<|endoftext|>` is text, lone surrogates are U+FFFD."""
        words: Callable[[str], list[str]] = ASCII_WORDS.findall
        if not text.isascii():
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            if OTHER_SPACE.search(text):
                words = split
        return list(chain.from_iterable(map(self._words.__getitem__, words(text))))

    def encode_word(self, word: bytes) -> list[int]:
        """A word's ids: merge the pair of the lowest rank, leftmost first, until none has one."""
        if (token := self._whole.get(word)) is not None:
            return [token]
        ids, ranks = [self._byte_ids[byte] for byte in word], self._ranks
        if len(ids) > SHORT:
            return self._encode_long(ids)
        pairs = zip(ids, ids[1:])  # noqa: B905, RUF007 (one is shorter; pairwise is slower)
        found = [ranks.get(pair, NO_RANK) for pair in pairs]
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
        """The same in O(n log n), for words of up to a million bytes and more.

        The word is a doubly linked list of tokens; a heap holds every pair that has a rank. An
        entry whose pair has changed since is recognised by its tokens and skipped.
        """
        n, ranks = len(ids), self._ranks
        following, previous = list(range(1, n + 1)), list(range(-1, n - 1))
        found = ((ranks.get((ids[i], ids[i + 1])), i) for i in range(n - 1))
        heap = [(joined, i) for joined, i in found if joined is not None]
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
                rank = ranks.get((ids[left], ids[right])) if left >= 0 and right < n else None
                if rank is not None:
                    heapq.heappush(heap, (rank, left))
        return [token for token in ids if token >= 0]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ids; bytes that are not UTF-8 become U+FFFD, end-of-text becomes nothing."""
        return b"".join([self.tokens[self.checked(i)] for i in ids]).decode("utf-8", "replace")

    def checked(self, token: int) -> int:
        """The id as an int; MinigptError if it is not a whole number or not in the vocabulary."""
        if isinstance(token, bool) or not isinstance(token, Integral):
            raise MinigptError(f"token id {token!r} is not a whole number")
        number = int(token)
        if not 0 <= number < len(self.tokens):
            raise MinigptError(f"token id {token} is outside this vocabulary of {len(self.tokens)}")
        return number


class StreamDecoder:
    """Ids, one at a time -> pieces of text; bytes of an incomplete character wait for the rest."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, token: int) -> str:
        """The text that this token completes, perhaps none."""
        return self._decoder.decode(self.tokenizer.tokens[self.tokenizer.checked(token)])
