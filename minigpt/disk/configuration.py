"""A model's configuration -> config.json, as transformers writes it for the architecture, and back.

minigpt computes one form of each architecture; a configuration that asks for another one is refused, and names what it asks for.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minigpt.config import ModelConfig, SampleConfig
from minigpt.disk.files import write_json
from minigpt.disk.place import Folder
from minigpt.disk.weights import CONFIG
from minigpt.errors import MinigptError
from minigpt.model import PUBLISHED, parts

CONFIG_FILES = (CONFIG, "generation_config.json")
CONTEXT_KEY = "minigpt_context"  # in config.json
PARTS = "minigpt_parts"
ARCHITECTURE = "minigpt_architecture"  # of a model with other parts than the published ones
DEFAULTS = {"n_layer": 12, "n_head": 12, "n_embd": 768}  # transformers leaves these out


@dataclass(frozen=True)
class Family:
    """What transformers writes for an architecture into config.json, and the values there that minigpt computes; the first is its own."""

    model_type: str
    language_model: str  # the class of the model
    activation: str  # the key
    gelu: tuple[str, ...]
    options: dict[str, tuple[bool, ...]]
    defaults: dict[str, int]


FAMILIES = {
    "gpt1": Family(
        "openai-gpt",
        "OpenAIGPTLMHeadModel",
        "afn",
        ("gelu",),
        {"tie_word_embeddings": (True,)},
        DEFAULTS | {"n_positions": 512, "vocab_size": 40478},
    ),
    "gpt2": Family(
        "gpt2",
        "GPT2LMHeadModel",
        "activation_function",
        ("gelu_new", "gelu_pytorch_tanh"),
        {
            "tie_word_embeddings": (True,),
            "scale_attn_weights": (True,),
            "scale_attn_by_inverse_layer_idx": (False,),
            "add_cross_attention": (False,),
        },
        DEFAULTS | {"n_positions": 1024, "vocab_size": 50257},
    ),
}


def save_config(folder: Folder, config: ModelConfig, context: int, end_of_text: int) -> None:
    """config.json, as transformers expects it, or with the names of parts that are not the published ones; generation_config.json."""
    ends = {"bos_token_id": end_of_text, "eos_token_id": end_of_text}
    theirs = FAMILIES[config.architecture]
    published = parts() == PUBLISHED
    own = {"model_type": "minigpt", PARTS: parts()} | ({ARCHITECTURE: config.architecture} if config.architecture != "gpt1" else {})
    model = {"architectures": [theirs.language_model], "model_type": theirs.model_type} if published else own
    write_json(
        folder / CONFIG,
        {
            **model,
            "n_layer": config.n_layer,
            "n_head": config.n_head,
            "n_embd": config.n_embd,
            "n_positions": config.n_positions,
            "vocab_size": config.vocab_size,
            **({theirs.activation: theirs.gelu[0]} if published else {}),
            "embd_pdrop": config.dropout,
            "attn_pdrop": config.dropout,
            "resid_pdrop": config.dropout,
            "layer_norm_epsilon": config.layer_norm_epsilon,
            "initializer_range": config.initializer_range,
            **({"tie_word_embeddings": True} if published else {}),
            "dtype": "float32",
            **ends,
            CONTEXT_KEY: context,
        },
    )
    write_json(
        folder / "generation_config.json",
        {**ends, "pad_token_id": end_of_text, "do_sample": True, "temperature": SampleConfig.temperature, "top_k": SampleConfig.top_k},
    )


def read_config(stored: dict[str, Any], path: Path) -> ModelConfig:
    """A transformers config.json as a ModelConfig; MinigptError for any other architecture, or an option that minigpt does not compute."""
    model_type = stored.get("model_type")
    architecture = next((name for name, family in FAMILIES.items() if family.model_type == model_type), None)
    if model_type == "minigpt":
        architecture = str(stored.get(ARCHITECTURE, "gpt1"))
    if architecture not in FAMILIES:
        known = " and ".join(f"{family.model_type!r}" for family in FAMILIES.values())
        raise MinigptError(f"{path}: model_type is {model_type!r}; minigpt reads only {known}, the architectures of GPT-1 and GPT-2")
    theirs = FAMILIES[architecture]
    for name, supported in {theirs.activation: theirs.gelu, **theirs.options}.items():
        if name in stored and stored[name] not in supported:
            raise MinigptError(f"{path}: {name} is {stored[name]!r}; minigpt supports only {supported[0]!r}")
    its, ours = stored.get(PARTS, PUBLISHED), parts()
    if its != ours:
        differ = [f"{role} {ours[role]}" for role in ours if not isinstance(its, dict) or its.get(role) != ours[role]]
        ours_are = f"this version of minigpt computes {', '.join(differ)} (model.py)"
        raise MinigptError(f"{path}: the model has other parts; {ours_are}")
    numbers = {name: stored.get(name, default) for name, default in theirs.defaults.items()}
    if stored.get("n_inner") not in (None, 4 * numbers["n_embd"] if isinstance(numbers["n_embd"], int) else None):
        raise MinigptError(f"{path}: n_inner is {stored['n_inner']!r}; minigpt supports only four times n_embd")
    try:
        return ModelConfig(
            **numbers,
            architecture=architecture,
            dropout=stored.get("resid_pdrop", 0.1),
            layer_norm_epsilon=stored.get("layer_norm_epsilon", 1e-5),
            initializer_range=stored.get("initializer_range", 0.02),
        )
    except MinigptError as error:
        raise MinigptError(f"{path}: {error}") from error
