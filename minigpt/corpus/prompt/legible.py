"""Reduces a prompt, as typed or pasted, to its visible words, in one spelling and without mark-up and addresses.

The record keeps the prompt as typed; everything that interprets it reads it through `legible`.
"""

from __future__ import annotations

import html

import regex

from minigpt.corpus.characters import compose

BLANK = regex.compile(r"[^\S\n]+")
ESCAPES = regex.compile(r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[PX^_][^\x1b]*(?:\x1b\\)?|[\x1b\x9b]\[?[0-?]*[ -/]*[@-~]?")  # ECMA-48
SPELT_ESCAPES = regex.compile(r"\\(?:x1b|033|e|u001b)\[[0-?]*[ -/]*[@-~]", regex.IGNORECASE)
SPELT_LINE_END = regex.compile(r"(?<=\w\w|[.,;!?])(?:\\r)?\\n(?=[\s*\d-]|\p{Lu}|$)")  # written as \n in a shell's quotes; not C:\notes
TOKENS = regex.compile(r"<\|[^|<>\s]{1,40}\|>|\[/?(?:INST|SYS|PAD|CLS|SEP|MASK|UNK|[BE]OS)\]|<</?SYS>>|<(?:[be]os|pad|unk)>")  # of models
CONTROLS = regex.compile(r"[^\P{Cc}\s]")
COMMENT = regex.compile(r"<!--.*?(?:-->|\Z)|<(script|style|del|s|strike)\b[^<>]*>.*?</\1\s*>", regex.DOTALL | regex.IGNORECASE)
STRUCK = regex.compile(r"~~[^~]*~~|(?:\S\p{M}*[\u0335\u0336]\p{M}*\s?)+")
INLINE = regex.compile(r"</?(?:a|abbr|b|big|code|em|font|i|ins|kbd|mark|small|span|strong|sub|sup|tt|u|wbr)\b[^<>]*>", regex.IGNORECASE)
TAG = regex.compile(r"(?:(?<!\w)<|</)!?[a-z][\w:-]*(?:\s+[\w:-]+\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s<>]+))*\s*/?>", regex.IGNORECASE)
ENTITY = regex.compile(r"&(?:#\d{1,7}|#x[\da-f]{1,6}|[a-z]\w{1,30});", regex.IGNORECASE)
LINK = regex.compile(r"!?\[([^\[\]]*)\](?:\([^()]*\)|\[[^\[\]]*\])")  # of Markdown
HEADING = regex.compile(r"^ {0,3}(?:#{1,6}|>+) +", regex.MULTILINE)
BULLET = regex.compile(r"\n\s*+(?:[-*+•‣–]|\d{1,3}[.)])\s+(?=\S)")  # noqa: RUF001 (dashes are bullets too)
ADDRESSES = (
    regex.compile(r"<?\b(?:[a-z][a-z\d+.-]*://|www\.|mailto:|data:[a-z]+/)[^\s<>\"]*[^\s<>\".,;:!?)\]]>?", regex.IGNORECASE),  # URLs
    regex.compile(r"<?(?<![\w.+-])[\w.+-]++@[\w-]+(?:\.[\w-]+)+>?"),  # e-mail
    regex.compile(
        r"(?<![\w.-])(?:[a-z\d-]++\.){1,6}(?:com|org|edu|gov|[a-z]{2,6}(?=/))\b(?:[/?#][^\s<>\"]*[^\s<>\".,;:!?)\]]|/)?"
    ),  # without a scheme
    regex.compile(r"(?<![\w/\\])(?:[a-z]:|\\|\.{1,2}|~\w*|%\w+%|\$\w+)?[\\/][\w.~-]+(?:[\\/][\w.~-]+)*[\\/]?", regex.IGNORECASE),  # paths
    regex.compile(r"(?<![\w.~\\/-])[\w.~-]++(?:[\\/][\w.~-]+)+\.[a-z]\w{0,4}\b", regex.IGNORECASE),  # a relative path to a file
    regex.compile(
        r"(?<![\w~-])[\w~-]++\.(?:bak|csv|docx?|epub|exe|gif|gz|html?|jpe?g|jsonl?|log|md|pdf|png|pptx?|py|rtf|tar|tsv|txt|xlsx?|zip)\b"
    ),
)
ABBREVIATIONS = (  # as in handwritten notes
    (regex.compile(r"(?<![\w/])w\s?/\s?o(?:ut)?(?!\w)|(?<![\w/])w\.o\.?(?=\s)", regex.IGNORECASE), "without"),
    (regex.compile(r"(?<![\w/])w/(?=\s|\p{L}{2})", regex.IGNORECASE), "with "),
    (regex.compile(r"(?<!\w)excl?\.?(?=\s)", regex.IGNORECASE), "excluding"),
    (regex.compile(r"(?<!\w)incl\.?(?=\s)", regex.IGNORECASE), "including"),
    (regex.compile(r"(?<!\w)ex\.(?=\s)", regex.IGNORECASE), "ex"),  # may mean except, or for example
)
RUN_ON = regex.compile(r"(?<=\p{Ll}{2}[.!?;])(?=\p{Lu}\p{L}*\b)")  # Cookies.No nuts


def legible(text: str) -> str:
    """The words of a prompt in one spelling, without invisible characters, mark-up, escape sequences, URLs, addresses and paths."""
    text = CONTROLS.sub("", SPELT_ESCAPES.sub("", ESCAPES.sub("", text)))
    text = TOKENS.sub(" ", SPELT_LINE_END.sub("\n", text))
    text = compose(_without_markup(text))
    text = LINK.sub(r"\1", text)
    for address in ADDRESSES:
        text = address.sub(" ", text)
    for short, whole in ABBREVIATIONS:
        text = short.sub(whole, text)
    text = RUN_ON.sub(" ", text)
    text = BULLET.sub(", ", "\n" + HEADING.sub("", text)).replace("*", "")
    text = regex.sub(r"\n[^\S\n]*+\n\s*+", " ; ", text.strip())  # a paragraph ends a sentence
    return str(BLANK.sub(" ", text)).strip()


def _without_markup(text: str) -> str:
    """The text without tags and struck-out text, and with its entities decoded; twice, because entities can spell tags."""
    for _ in range(2):
        text = TAG.sub(" ", INLINE.sub("", COMMENT.sub(" ", STRUCK.sub(" ", text))))
        text = ENTITY.sub(lambda match: html.unescape(match[0]), text)
    return text
