"""Runs the client against the server that OLLAMA_HOST names: connect, plan, write, judge, unload; prints documents and statistics.

    python benchmarks/ollama_check.py --tokens 1500 --prompt "A GPT that gives advice on gardening"

Exits with status 1 if the server, the model or the writing fails. The documents stay in the journal named at the end.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from minigpt.corpus.ollama.limits import Limits, OllamaError
from minigpt.corpus.ollama.teacher import Teacher, TeacherSettings
from minigpt.corpus.ollama.writer import write_with_ollama
from minigpt.corpus.prompt.understand import understand
from minigpt.tokenizer import Tokenizer


def main() -> int:
    """Write documents and print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompt", default="A GPT that gives advice on gardening")
    parser.add_argument("--tokens", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--model")
    parser.add_argument("--minutes", type=float, default=10.0, help="most time for writing")
    parser.add_argument("--journal", type=Path, help="continued if it exists")
    options = parser.parse_args()

    tokenizer = Tokenizer.gpt2()
    journal = options.journal or Path(tempfile.mkdtemp(prefix="ollama-check-")) / "corpus.jsonl"
    settings = TeacherSettings(gen_model=options.model, limits=Limits(budget=60 * options.minutes))
    began, cpu = time.monotonic(), time.process_time()
    try:
        with Teacher.connect(settings, print) as teacher:
            documents = write_with_ollama(
                teacher,
                options.prompt,
                understand(options.prompt),
                options.tokens,
                options.seed,
                journal,
                lambda text: len(tokenizer.encode(text)) + 1,
                print,
            )
            for number, document in enumerate(documents):
                print(f"\n--- {number}: {document.origin['topic']} ({document.origin.get('judge', 'not judged')})\n{document.text}\n")
            teacher.unload(print)
            print(teacher.record)
    except OllamaError as error:
        print(f"ollama-check: {error}", file=sys.stderr)
        return 1
    wall = time.monotonic() - began
    print(f"{wall:.0f} s, {(time.process_time() - cpu) / wall:.1%} of one core; journal: {journal}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
