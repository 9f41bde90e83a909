"""Keep the documents true: quoted code equals the source, examples print what is written.

    python docs/refresh.py            rewrite every quotation from the source
    python docs/refresh.py --check    change nothing; exit status 1 where a quotation is out of date
    python docs/refresh.py --outputs  run the ```pycon examples, and record what they print
    python docs/refresh.py --breaks   plant every mistake in a copy of minigpt, and record what
                                      `minigpt check` says of it (a minute)

A comment directly before a fence says where its content comes from:

    <!-- source: minigpt/layers.py LayerNorm.backward -->
        a function, a class or an assignment; several names are joined
    <!-- source: minigpt/layers.py Gelu.forward from "slope = squared" to "slope += gate" -->
        a range of lines of it
    <!-- source: minigpt/optim.py learning_rate docstring -->
        docstrings are left out unless this word follows

    <!-- break: minigpt/layers.py LayerNorm.backward LayerNorm -->
        before a ```diff fence against that function; the last word is the layer to check, or a
        file of tests to run. A ```text fence follows, with what fails, without the numbers of
        lines and the digits behind the fourth.
"""

from __future__ import annotations

import difflib
import sys

from fences import ROOT, DocumentError, documents
from mistakes import with_verdicts
from quotations import refreshed
from sessions import with_outputs


def main(arguments: list[str]) -> int:
    """Rewrite, check or record, as the module's docstring says."""
    stale = 0
    for path in documents():
        text = path.read_text(encoding="utf-8")
        try:
            if "--outputs" in arguments:
                new = with_outputs(text, path.name)
            else:
                new = with_verdicts(text) if "--breaks" in arguments else refreshed(text)
        except DocumentError as error:
            print(f"{path.relative_to(ROOT)}: {error}", file=sys.stderr)
            return 1
        if new != text and "--check" in arguments:
            old_lines, new_lines = text.split("\n"), new.split("\n")
            for line in difflib.unified_diff(old_lines, new_lines, str(path), "", lineterm="", n=1):
                print(line)
            stale += 1
        elif new != text:
            path.write_text(new, encoding="utf-8")
            print(f"{path.relative_to(ROOT)}: refreshed")
    return min(stale, 1)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))  # the examples import the package beside these documents
    sys.exit(main(sys.argv[1:]))
