"""Cleans up the characters of a text: line ends, spaces, invisible characters, wrong decoding.

Every line end, \\v, \\f, NEL, U+2028, U+2029 and the ASCII file, group and record separators become \\n. Every blank except the tab and
the full-width U+3000 becomes a space. Other controls, terminal escapes, soft hyphens and word joiners are removed. Zero-width
characters are kept if the script needs them: U+200D in emoji, Indic and Arabic scripts, U+200C in the latter two, and U+200B in Thai,
Lao, Khmer and Myanmar, which separate words with it. Direction marks are kept in right-to-left text. `compose` normalises a prompt.
"""

from __future__ import annotations

import re
import unicodedata

import regex

LINE_ENDS = re.compile(r"\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]")
BLANKS = re.compile(r"[\x1f\xa0\u1680\u2000-\u200a\u202f\u205f]")

# UTF-8 misread as Latin-1, where the bytes 80 to 9F are C1 controls, or as Windows-1252, where they are these characters.
HIGH = "\x80-\xff" + "".join(bytes([byte]).decode("cp1252", "ignore") for byte in range(0x80, 0xA0))
FOLLOWS = HIGH.replace("\xff", "\xbf")  # the bytes 80 to BF
MISREAD = rf"(?:[\xc2-\xdf][{FOLLOWS}]|[\xe0-\xef][{FOLLOWS}]{{2}}|[\xf0-\xf4][{FOLLOWS}]{{3}})"
DOUBTFUL = re.compile(rf"{MISREAD}|[\xc3\xc5\xce\xd0](?: |$)|[\x80-\x84\x86-\x9f]")  # A0 may have become a space, or been trimmed
MISREAD_SIGN = re.compile(MISREAD)
CITED = re.compile(  # quoted or named: the text is about wrong decoding
    rf"([\"'`]){MISREAD}+\1"
    r"|(?i:mojibake|\butf-?8\b|\bwindows-125|\bcp-?125|\blatin-?1\b|\biso-8859|\bcharset|\b(?:character|text|wrong|file) encoding)"
)

LONE = re.compile(r"(?<!\S)\xe2(?:\u20ac|\x80)[\u02dc\u2122\u0153\x98\x99\x9c\x9d](?!\S)")  # a stray quotation mark
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
CONTROLS = re.compile(rf"[\x00-\x08\x0e-\x1b\x7f]|(?<![{HIGH}])[\x80-\x9f]+")  # after a high character it may be part of a misread one

JOINING = "".join(  # scripts whose letters change shape next to each other
    rf"\p{{Script={name}}}"
    for name in "Arabic Syriac Nko Mongolian Adlam Devanagari Bengali Gurmukhi Gujarati Oriya Tamil Telugu Kannada Malayalam Sinhala"
    " Tibetan Myanmar Khmer Balinese Javanese".split()
)
UNSPACED = "".join(rf"\p{{Script={name}}}" for name in "Thai Lao Khmer Myanmar Tai_Le New_Tai_Lue Tai_Tham".split())
RIGHT_TO_LEFT = regex.compile(r"(?=\p{Letter})[\p{Bidi_Class=R}\p{Bidi_Class=AL}]")
INVISIBLE = regex.compile(
    r"[\xad\u2060\ufeff]"
    rf"|(?<![{UNSPACED}])\u200b(?![{UNSPACED}])"
    rf"|(?<![{JOINING}])\u200c"
    rf"|(?<![{JOINING}])(?<![\p{{Extended_Pictographic}}\p{{Emoji_Modifier}}\ufe0f])\u200d"
    rf"|(?<![{JOINING}])\u200d(?!\p{{Extended_Pictographic}})"
)
DIRECTIONS = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
ODD = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\xa0\xad\u061c\u1680\u2000-\u200f\u2028-\u202f\u205f-\u2069\ufeff]")  # any of the above
VISIBLE = regex.compile(r"[^\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]")


def plain(text: str) -> str:
    """The text with composed letters, \\n as the only line end, no trailing spaces, and only those invisible characters that matter."""
    if ODD.search(text):
        text = INVISIBLE.sub("", BLANKS.sub(" ", LINE_ENDS.sub("\n", ESCAPES.sub("", text))))
        if DIRECTIONS.search(text) and not RIGHT_TO_LEFT.search(text):
            text = DIRECTIONS.sub("", text)
        text = CONTROLS.sub("", text)
    text = unicodedata.normalize("NFC", text)
    return "\n".join(line.rstrip() for line in text.split("\n")).strip("\n")


def mended(text: str) -> str:
    """Repair a text whose UTF-8 was once decoded as Windows-1252 or Latin-1; any other text is unchanged.

    A text is left alone if it has a character that such misreading cannot produce, or if it is about wrong decoding. ftfy (Speer 2019)
    judges whether the text makes sense as it is; it is slow, so it is called only if something looks wrong.
    """
    if text.isascii() or not DOUBTFUL.search(LONE.sub("", text)) or CITED.search(text):
        return text
    from ftfy import TextFixerConfig, fix_encoding_and_explain

    broken = MISREAD_SIGN.search(text) is not None
    config = TextFixerConfig(
        restore_byte_a0="\xe2\u20ac " not in text,  # would make a dagger of what is rather half a quotation mark
        replace_lossy_sequences=False,
        decode_inconsistent_utf8=False,
        fix_c1_controls=not broken,  # single characters of Windows-1252 that were read as Latin-1
    )
    better, steps = fix_encoding_and_explain(text + " " * text.endswith(("\xc3", "\xc5", "\xce", "\xd0")), config)
    whole = any(step.action == "decode" and step.parameter.startswith("utf-8") for step in steps or ())
    return better if whole or (steps and not broken) else text


def visible(text: str) -> bool:
    """Whether the text has any visible character."""
    return VISIBLE.search(text) is not None


OVERLAYS = regex.compile(r"[\u0332-\u0338\u20d2\u20d3\u20e5]")  # lines below and through letters
IGNORABLE = regex.compile(
    r"[\p{Default_Ignorable_Code_Point}\p{Cf}--\u200c\u200d]", regex.VERSION1
)  # soft hyphens, zero widths, bidi marks
JOINER = regex.compile(rf"(?<![{JOINING}]\p{{M}}*)[\u200c\u200d]|[\u200c\u200d](?![{JOINING}])")
APOSTROPHE = regex.compile(
    r"(?<=\p{L}\p{M}*)[`\u00b4\u02b9\u02bb\u02bc\u02bd\u02c8\u2018\u2019\u201b\u2032\u2035\ua78c\uff07\ufffd']+(?=\p{L})"
)
MINUS = regex.compile(r"(?<=[\s(\[,;:])\u2212\s*(?=\p{L})")
HYPHEN = regex.compile(r"[\u2010\u2011\u2012\u2043\u2212\ufe63]|(?<=\p{L}\p{M}*)\u2013(?=\p{L})")  # an en dash only within a word
SPLIT_BY_COMPATIBILITY = {"\u0e4d\u0e32": "\u0e33", "\u0ecd\u0eb2": "\u0eb3"}  # the vowel am of Thai and Lao, one letter to readers


def compose(text: str) -> str:
    """Normalise a prompt: one form of each letter, hyphen and apostrophe, and no invisible characters.

    Compatibility forms (full width, ligatures, styled letters) become plain ones, as in NFKC (Unicode Standard Annex 15). Joiners are
    kept if the script needs them, as in Persian and Hindi.
    """
    text = JOINER.sub("", IGNORABLE.sub("", text))
    text = APOSTROPHE.sub("'", MINUS.sub("minus ", text).replace("\N{NUMERO SIGN}", " number "))  # NFKC would make it "No"
    text = OVERLAYS.sub("", unicodedata.normalize("NFKC", text))
    for split, letter in SPLIT_BY_COMPATIBILITY.items():
        text = text.replace(split, letter)
    return str(HYPHEN.sub("-", APOSTROPHE.sub("'", text)))
