"""Checks many template documents for many requests: do they obey the request, and is what they state true?

    python benchmarks/constraints.py --documents 500

The checks are those of the tests, independent of the templates: no meat in vegan dishes, haiku of 5-7-5, programs that print what the
text says, correct sums. Prints a line per request; exits with status 1 if a document has a fault.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import test_cooking_writers as cooking
import test_general_writers as general
import test_occasion_writers as occasion
import test_persona_writers as persona
import test_poetry_writers as poetry
import test_subject_writers as subject
import test_technical_writers as technical

from minigpt.corpus.prompt.understand import describe, understand
from minigpt.corpus.request import Request
from minigpt.corpus.templates import FORMS, write_documents
from minigpt.corpus.templates.favourites import Favourites


def main() -> int:
    """Write and check documents, and count the faults."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=500, help="documents per request")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--share", type=float, default=1.0, help="share of each word list to favour, as small corpora do (favourites.py)")
    options = parser.parse_args()
    began, total, faulty = time.monotonic(), 0, 0
    asked = [understand(prompt) for prompt in general.PROMPTS]
    voices = [understand(prompt) for prompt in persona.PROMPTS]
    asks = [(cooking, cooking.REQUESTS), (technical, technical.PROMPTS), (poetry, poetry.REQUESTS), (general, asked), (persona, voices)]
    known = [Request("subject", tuple(FORMS["subject"]), topics=(topic,)) for topic in subject.SUBJECTS]
    for module, requests in (*asks, (occasion, occasion.REQUESTS), (subject, known)):
        for request in requests:
            faults = []
            rng = Favourites(options.seed, share=options.share)
            for document in islice(write_documents(request, rng), options.documents):
                rng.drawn = 0
                found = module.check(document.text, replace(request, forms=(document.origin["form"],)))
                total += 1
                if found:
                    faults.append((found, document.text))
            faulty += len(faults)
            print(f"{describe(request)[0][:90]:90} {len(faults)} faults", flush=True)
            for found, text in faults[:1]:
                print(f"    {found}\n    " + text.replace("\n", "\n    "))
    print(f"{total:,} documents, {faulty} with faults; {time.monotonic() - began:.0f} s")
    return int(faulty > 0)


if __name__ == "__main__":
    sys.exit(main())
