"""base/NOTICE: every package that the base's text comes from. python base/text/notice.py FIGURES > base/NOTICE

FIGURES is the figures.json of prepare.py, which says how many characters of each package were used.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from pathlib import Path

from fetch import HERE, sources

HEAD = """The base
Copyright (c) 2026 the minigpt developers. MIT License, see the LICENSE of minigpt.

minigpt trained this model on text of its own writers, and on text from the packages below, of which it contains none. They are
listed with the characters used, version, licence of the text, archive and its SHA-256. sources/*.toml in base/text says which files
of each archive were used, and how.
"""
WORDNET = "WordNet 3.0's licence asks that its notice appear in copies and derived works:"


def main() -> None:
    used = Counter[str]()
    for key, count in json.loads(Path(sys.argv[1]).read_text("utf-8"))["characters"].items():
        used[key.split(" ")[0]] += count
    entries, notes = {}, defaultdict[str, list[str]](list)
    for entry in sources():
        name = f"{entry.registry}:{entry.package}"
        entries[name] = entry
        if entry.note and entry.note not in notes[name]:
            notes[name].append(entry.note)
    print(HEAD)
    for name in sorted(entries, key=lambda name: -used[name]):
        entry = entries[name]
        if used[name]:
            print(f"{name} {entry.version}: {used[name]:,} characters, {entry.licence}")
            for line in (*notes[name], entry.file, entry.sha256):
                print(f"    {line}")
    print(f"\n{WORDNET}\n\n{(HERE / 'sources' / 'wordnet-licence.txt').read_text('utf-8').strip()}")


if __name__ == "__main__":
    main()
