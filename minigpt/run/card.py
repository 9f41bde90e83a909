"""The model card: a run's record -> its README.md."""

from __future__ import annotations

from typing import Any

from minigpt.disk.foreign import fenced, markdown
from minigpt.errors import counted
from minigpt.model import GPT_1, family, parts
from minigpt.run.defaults import COOL

LOADS = """\
import minigpt
model = minigpt.load(".")
print(model.generate(max_tokens=200))
"""
IN_TRANSFORMERS = """
from transformers import AutoTokenizer, OpenAIGPTLMHeadModel
model = OpenAIGPTLMHeadModel.from_pretrained(".")
tokenizer = AutoTokenizer.from_pretrained(".")
"""


def model_card(record: dict[str, Any]) -> str:
    """Markdown: what the model is, what it learned from, how well, and how to use it."""
    teacher, start = _teacher(record.get("teacher")), _start(record.get("start", {}).get("init"))
    model, corpus, training, result = (record[key] for key in ("model", "corpus", "training", "result"))
    held_out_tokens = result.get("held_out_tokens", corpus["held_out_tokens"])
    sources = ", ".join(f"{count:,} from {markdown(source)}" for source, count in corpus["by_source"].items())
    bits, ideas = result.get("held_out_bits_per_byte"), corpus.get("held_out_ideas")
    held_out = (
        "not measured: too little text to hold some out"
        if result["held_out_loss"] is None
        else f"{result['held_out_loss']:.3f} nats per token{f', {bits:.3f} bits per byte,' if bits else ''}"
        f" on {counted(held_out_tokens, 'token')} of held-out text"
        + (f", which tells {counted(ideas, 'idea')} that it did not learn" if ideas else "")
    )
    shape = (
        f"{counted(model['n_layer'], 'layer')}, {counted(model['n_head'], 'head')}, width {model['n_embd']}, {model['vocab_size']:,} tokens"
    )
    steps = f"{counted(training['steps'], 'step')} of {training['batch_size']} x {training['context']} tokens"
    quoted = "\n\n".join(fenced(text) for text in record["samples"])
    made = f"made by minigpt {markdown(record['minigpt'])} on {markdown(record['created'][:10])}"
    return f"""# {markdown(record["prompt"]) or "A GPT from own text"}

A {family()} of {model["parameters"]:,} parameters ({shape}), {made}.

- Corpus: {counted(corpus["documents"], "document")} ({sources}), {corpus["tokens"]:,} tokens. {start}{teacher}
- Training: {steps}, {training["seconds"]:.0f} s on {markdown(record["device"])}, seed {record["seed"]}.
- Training loss {result["train_loss"]:.3f}; held-out loss {held_out}.
- It looks back at most {counted(training["context"], "token")}.

```python
{LOADS}{IN_TRANSFORMERS if parts() == GPT_1 else ""}```

## Samples, at temperature {COOL}, unedited

{quoted}
"""


def _start(init: str | None) -> str:
    """What it knew before it read the corpus."""
    if init in (None, "none"):
        return "It knows nothing else."
    return (
        "It started from the base, which minigpt trained on broad English text." if init == "base" else f"It started from {markdown(init)}."
    )


def _teacher(teacher: dict[str, Any] | None) -> str:
    """A line about the language model that wrote the corpus, with its licence."""
    if not teacher:
        return ""
    judge, licence = markdown(teacher.get("judge", "")), markdown(teacher.get("licence", ""))
    judged = f"judged by {judge}" if teacher.get("judged") else "not judged"
    writers = teacher.get("writers") or [teacher]
    names = [f"{markdown(writer.get('model', ''))} ({markdown(writer.get('digest', '')[:12])})" for writer in writers]
    if len(writers) > 1:
        names = [f"{name}, {writer['documents']:,} documents" for name, writer in zip(names, writers, strict=True)]
    return f"\n- Teacher: {'; '.join(names)}, licence: {licence or 'not given by the server'}; {judged}."
