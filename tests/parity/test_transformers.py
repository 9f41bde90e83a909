"""transformers is the executable reference of GPT-1 and GPT-2: same weights, same logits, loss, gradients, steps and files."""

from __future__ import annotations

import json
import math
import random
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model_folders import write_model
from transformers import (
    AutoConfig,
    AutoTokenizer,
    GenerationConfig,
    GPT2Config,
    GPT2LMHeadModel,
    GPT2Tokenizer,
    OpenAIGPTConfig,
    OpenAIGPTLMHeadModel,
)

import minigpt
from minigpt.backend import Backend, choose_backend
from minigpt.config import ModelConfig, SampleConfig, TrainConfig
from minigpt.disk.checkpoint import Checkpoint, load_checkpoint, save_config, save_tokenizer, save_weights
from minigpt.export import export
from minigpt.run.textmodel import TextModel
from minigpt.run.vocabulary import compact
from minigpt.tokenizer import END_OF_TEXT, Tokenizer
from minigpt.trainer import Trainer

GOLDEN = Path(__file__).parent.parent / "golden_tokens.jsonl"
THEIRS = {"gpt1": OpenAIGPTLMHeadModel, "gpt2": GPT2LMHeadModel}
CORPUS = "Butter the tin, whisk two eggs with the sugar, then fold in the flour. It's done when it's golden!\n"


@pytest.fixture(params=["gpt1", "gpt2"])
def architecture(request: pytest.FixtureRequest) -> str:
    """Each test that takes it runs for both."""
    return str(request.param)


def their_config(config: ModelConfig, **more: Any) -> OpenAIGPTConfig | GPT2Config:
    return (GPT2Config if config.architecture == "gpt2" else OpenAIGPTConfig)(
        vocab_size=config.vocab_size,
        n_positions=config.n_positions,
        n_embd=config.n_embd,
        n_layer=config.n_layer,
        n_head=config.n_head,
        resid_pdrop=config.dropout,
        embd_pdrop=config.dropout,
        attn_pdrop=config.dropout,
        layer_norm_epsilon=config.layer_norm_epsilon,
        **more,
    )


def random_state(config: ModelConfig, seed: int, scale: float) -> dict[str, np.ndarray]:
    """Every parameter random, gains around 1: biases of 0 and gains of 1 would hide mistakes."""
    rng = np.random.default_rng(seed)
    trainer = Trainer(config, device="cpu", threads=1)
    state = {}
    for name, value in trainer.state_dict().items():
        state[name] = (scale * rng.standard_normal(value.shape) + (".ln_" in name and name.endswith("weight"))).astype(np.float32)
    trainer.close()
    return state


def their_model(config: ModelConfig, state: dict[str, np.ndarray]) -> Any:
    """Their model with our parameters; the output matrix is tied, so it is not among them."""
    model = THEIRS[config.architecture](their_config(config, attn_implementation="eager"))  # which returns the weights, too
    keys = model.load_state_dict({name: torch.tensor(value) for name, value in state.items()}, strict=False)
    assert keys.missing_keys == ["lm_head.weight"]
    assert keys.unexpected_keys == []
    assert model.lm_head.weight is model.get_input_embeddings().weight
    return model.train()


def relative(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The largest difference as a share of the largest number."""
    return float(np.abs(ours - theirs).max() / max(float(np.abs(theirs).max()), 1e-30))


# --- the network

SHAPES = {  # layers, heads, width, B, T; the attention's tile is 128 positions, the loss's chunk 512 rows
    "one position": (1, 1, 4, 1, 1),
    "short": (2, 4, 32, 3, 7),
    "one tile": (2, 2, 16, 2, 128),
    "just over a tile": (2, 3, 24, 2, 130),
    "three tiles, two chunks": (3, 4, 32, 2, 300),
    "wide": (1, 8, 128, 1, 33),
}


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_the_same_weights_give_the_same_logits_loss_and_gradients(architecture: str, shape: tuple[int, ...], seed: int) -> None:
    """In float32: logits to 1e-4, the loss to 1e-5, each gradient to 1e-4 of its largest number; over one worker and over two."""
    n_layer, n_head, n_embd, B, T = shape
    config = ModelConfig(
        n_layer=n_layer, n_head=n_head, n_embd=n_embd, n_positions=T + 1, vocab_size=211, dropout=0.0, architecture=architecture
    )
    state = random_state(config, seed, 0.15)
    window = np.random.default_rng(seed).integers(0, config.vocab_size, (B, T + 1))
    x, y = window[:, :-1], window[:, 1:]

    theirs = their_model(config, state)
    output = theirs(input_ids=torch.tensor(window), labels=torch.tensor(window))  # it shifts the labels itself
    output.loss.backward()
    their_logits = output.logits[:, :-1].detach().numpy()

    for threads in (1, 2):
        trainer = Trainer(config, TrainConfig(seed=seed), device="cpu", threads=threads)
        trainer.load_state_dict(state)
        model = trainer.models[0]
        logits = model.logits(model.forward(x)).reshape(their_logits.shape)
        loss, gradients = trainer.loss_and_gradients(x, y)
        assert trainer.evaluate(x, y) == pytest.approx(loss, abs=1e-6)
        trainer.close()
        errors = {name: relative(gradients[name], p.grad.numpy()) for name, p in theirs.named_parameters()}
        logits_error, loss_error = float(np.abs(logits - their_logits).max()), abs(loss - output.loss.item())
        print(f"{threads} threads: logits {logits_error:.1e}, loss {loss_error:.1e}, gradients {max(errors.values()):.1e}")  # pytest -rP
        assert logits_error < 1e-4
        assert loss_error < 1e-5
        assert gradients.keys() == errors.keys()
        assert {name: error for name, error in errors.items() if not error < 1e-4} == {}


@pytest.mark.parametrize("backend", [Backend("tests"), choose_backend("cpu")], ids=["NumPy", "compiled"])
def test_a_text_is_read_with_the_same_attention_loss_and_hidden_states(architecture: str, backend: Backend) -> None:
    """TextModel's attention, loss, token probabilities and embedding: theirs to 1e-5, in all heads of all layers."""
    tokenizer = compact(Tokenizer.gpt2(), Tokenizer.gpt2().encode(CORPUS))
    config = ModelConfig(
        n_layer=3, n_head=4, n_embd=64, n_positions=128, vocab_size=tokenizer.vocab_size, dropout=0.0, architecture=architecture
    )
    state = random_state(config, 2, 0.3)
    theirs = their_model(config, state).eval()
    model = TextModel(Checkpoint(config, state, tokenizer, 128), backend)
    ids = torch.tensor([tokenizer.encode(CORPUS)])
    with torch.no_grad():
        output = theirs(input_ids=ids, output_attentions=True, output_hidden_states=True)
        document = torch.cat([torch.tensor([[tokenizer.end_of_text]]), ids], dim=1)
        judged = theirs(input_ids=document, labels=document)
    attention = torch.cat(output.attentions).numpy()  # (L, H, T, T)
    assert model.attention(CORPUS).shape == attention.shape
    assert np.abs(model.attention(CORPUS) - attention).max() < 1e-5
    assert attention.std() > 0.05
    assert model.loss(CORPUS) == pytest.approx(judged.loss.item(), abs=1e-4)
    probabilities = judged.logits.softmax(dim=-1)[0, :-1].gather(1, ids[0, :, None])[:, 0].numpy()
    assert np.abs(np.array([token.probability for token in model.tokens(CORPUS)]) - probabilities).max() < 1e-5
    assert relative(model.embed(CORPUS, each=True), output.hidden_states[-1][0].numpy()) < 1e-4


SCHEDULES = {
    "constant": TrainConfig(learning_rate=2e-3, seed=3),
    "warm-up and cosine": TrainConfig(
        learning_rate=3e-3, warmup_steps=5, schedule="cosine", total_steps=20, weight_decay=0.1, beta2=0.99, seed=3
    ),
    "no clipping": TrainConfig(learning_rate=2e-3, clip_norm=0, epsilon=1e-6, seed=3),
}


def rate(config: TrainConfig, step: int) -> float:
    """The factor of the learning rate at step 0, 1, ..., written out once more."""
    if step < config.warmup_steps:
        return (step + 1) / config.warmup_steps
    if config.schedule == "constant":
        return 1.0
    return 0.55 + 0.45 * math.cos(math.pi * (step - config.warmup_steps) / (config.total_steps - config.warmup_steps))


@pytest.mark.parametrize("train_config", SCHEDULES.values(), ids=SCHEDULES.keys())
def test_twenty_steps_are_those_of_torchs_adamw(architecture: str, train_config: TrainConfig) -> None:
    """The loss to a thousandth at every step, the norm before clipping too, and the parameters at the end; clipping acts in some steps."""
    config = ModelConfig(n_layer=2, n_head=2, n_embd=32, n_positions=24, vocab_size=97, dropout=0.0, architecture=architecture)
    state = random_state(config, 5, 0.1)
    theirs = their_model(config, state)
    decayed = [p for p in theirs.parameters() if p.ndim == 2]
    spared = [p for p in theirs.parameters() if p.ndim != 2]
    c = replace(train_config, learning_rate=2 * train_config.learning_rate) if architecture == "gpt2" else train_config  # or all clip
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": c.weight_decay}, {"params": spared, "weight_decay": 0.0}],
        lr=c.learning_rate,
        betas=(c.beta1, c.beta2),
        eps=c.epsilon,
    )
    trainer = Trainer(config, c, device="cpu", threads=2)
    trainer.load_state_dict(state)

    rng = np.random.default_rng(7)
    stream = rng.integers(0, config.vocab_size, 60)  # learned by heart in part: gradients shrink below the clipping norm
    errors, norms = [], []
    for step in range(20):
        window = stream[rng.integers(0, 60, (4, 1)) - 24 + np.arange(17)]
        ours = trainer.step(window[:, :-1], window[:, 1:])
        for group in optimizer.param_groups:
            group["lr"] = c.learning_rate * rate(c, step)
        optimizer.zero_grad()
        loss = theirs(input_ids=torch.tensor(window), labels=torch.tensor(window)).loss
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(theirs.parameters(), c.clip_norm or math.inf).item())
        optimizer.step()
        assert trainer.gradient_norm == pytest.approx(norms[-1], rel=1e-3)
        errors.append(abs(ours - loss.item()) / loss.item())
    trainer.close()
    differences = {name: np.abs(trainer.state_dict()[name] - p.detach().numpy()) for name, p in theirs.named_parameters()}
    for name in [name for name in differences if name.endswith("c_attn.bias")]:
        # A bias of the keys shifts all scores of a query alike and softmax does not see it: its gradient is rounding, which AdamW, who
        # divides by its size, turns into steps.
        differences[name][config.n_embd : 2 * config.n_embd] = 0
    difference = max(float(d.max()) for d in differences.values())
    print(f"loss {max(errors):.1e}, parameters {difference:.1e}; norms from {min(norms):.2f} to {max(norms):.2f}")  # pytest -rP
    assert max(errors) < 1e-3
    assert difference < 1e-4
    assert min(norms) < 1 < max(norms)  # clipping acts in some steps and not in others


# --- our folder, read by transformers


def saved(folder: Path, tokenizer: Tokenizer, dropout: float = 0.1, architecture: str = "gpt1") -> tuple[ModelConfig, TextModel]:
    """A folder as a run leaves it."""
    config = ModelConfig(
        n_layer=2, n_head=2, n_embd=16, n_positions=64, vocab_size=tokenizer.vocab_size, dropout=dropout, architecture=architecture
    )
    save_weights(folder, random_state(config, 2, 0.3))
    save_config(folder, config, 48, tokenizer.end_of_text)
    save_tokenizer(folder, tokenizer, 48)
    return config, TextModel(load_checkpoint(folder), Backend("the reference"))


FULL = Tokenizer.gpt2()
VOCABULARIES = {"full": FULL, "compact": compact(FULL, FULL.encode(CORPUS))}


@pytest.fixture(params=VOCABULARIES)
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    return VOCABULARIES[request.param]


def test_our_folder_is_transformers_model(architecture: str, tokenizer: Tokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No key is missing, none unexpected; the logits are ours, and so is greedy text within the window."""
    monkeypatch.setenv("MINIGPT_KERNELS", "numpy")  # both models below with the same arithmetic, to the bit
    _, ours = saved(tmp_path, tokenizer, architecture=architecture)
    theirs, found = THEIRS[architecture].from_pretrained(tmp_path, output_loading_info=True)
    assert [sorted(found[key]) for key in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs")] == [[], [], [], []]
    assert theirs.dtype == torch.float32
    ids = tokenizer.encode(CORPUS)[:40]
    with torch.no_grad():
        logits = theirs.eval()(torch.tensor([ids])).logits[0].numpy()
    assert np.abs(ours.logits(ids) - logits).max() < 1e-4
    reader = AutoTokenizer.from_pretrained(tmp_path)
    assert_same_greedy_text(ours, theirs, reader, "Whisk two")

    for part in (theirs, reader):  # and back: what transformers then saves is the same model to us
        part.save_pretrained(tmp_path / "again")
    again = minigpt.load(tmp_path / "again", device="cpu")
    assert (again.config, again.context) == (ours.config, ours.context)
    np.testing.assert_array_equal(again.logits(ids), ours.logits(ids))


def assert_same_greedy_text(ours: TextModel, theirs: Any, reader: Any, prompt: str) -> None:
    """As many tokens as fit the window; end-of-text ends both."""
    encoded = reader(prompt, return_tensors="pt")
    n = min(30, ours.context - encoded.input_ids.shape[1])
    generated = theirs.eval().generate(**encoded, do_sample=False, max_new_tokens=n, pad_token_id=0)
    new = generated[0, encoded.input_ids.shape[1] :].tolist()
    sample = ours.sample(prompt, SampleConfig(max_tokens=n, temperature=0))
    assert sample.tokens == len(new) > 1
    assert sample.text == reader.decode(new, skip_special_tokens=True)


def test_our_configuration_says_what_the_model_is(architecture: str, tokenizer: Tokenizer, tmp_path: Path) -> None:
    """As transformers parses it: shape, dropout, activation, tied matrix, the ids that start and end a text, and how to sample."""
    config, _ = saved(tmp_path, tokenizer, 0.25, architecture)
    theirs = AutoConfig.from_pretrained(tmp_path)
    assert type(theirs) is {"gpt1": OpenAIGPTConfig, "gpt2": GPT2Config}[architecture]
    for name in ("n_layer", "n_head", "n_embd", "n_positions", "vocab_size", "layer_norm_epsilon", "initializer_range"):
        assert getattr(theirs, name) == getattr(config, name), name
    assert theirs.embd_pdrop == theirs.attn_pdrop == theirs.resid_pdrop == 0.25
    assert (theirs.activation_function == "gelu_new") if architecture == "gpt2" else (theirs.afn == "gelu")
    assert theirs.tie_word_embeddings
    assert theirs.bos_token_id == theirs.eos_token_id == tokenizer.end_of_text
    sampling = GenerationConfig.from_pretrained(tmp_path)
    assert sampling.eos_token_id == sampling.pad_token_id == tokenizer.end_of_text
    assert (sampling.do_sample, sampling.temperature, sampling.top_k) == (True, 0.8, 40)


# --- our tokenizer, read by transformers

TEXTS = [
    CORPUS,
    "",
    " ",
    "  two before, two behind  ",
    "\n\n\ttabs\t\n and \r\n lines \n",
    "caf\u00e9 na\u00efve \u00fcber Stra\u00dfe \u0130stanbul",
    "\u6f22\u5b57\u3068\u304b\u306a\u3002 \ud55c\uad6d\uc5b4 \u4e2d\u6587\uff0c\u6d4b\u8bd5",
    "\U0001f600 \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1eb\U0001f1f7\u2764\ufe0f",
    "\u0627\u0644\u0639\u0631\u0628\u064a\u0629 \u05e2\u05d1\u05e8\u05d9\u05ea \u0939\u093f\u0928\u094d\u0926\u0940",
    "".join(map(chr, range(0x20))) + "\x7f\x80\x85\x9f\xa0",
    "don't we've 'tis it''s \u2019s I'M",
    "1234567890 3.14 \u00bd \u2167 x\u00b2",
    "a\u0300\u0301\u200b\ufeff\u2028\u2029\u3000z",
]


@pytest.fixture(scope="module", params=VOCABULARIES)
def readers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Tokenizer, Any]]:
    """Our tokenizer, and transformers' reading of its files."""
    folder = tmp_path_factory.mktemp("tokenizer")
    saved(folder, VOCABULARIES[request.param])
    yield VOCABULARIES[request.param], AutoTokenizer.from_pretrained(folder)


def assert_same_ids(ours: Tokenizer, theirs: Any, text: str) -> None:
    ids = ours.encode(text)
    assert theirs(text).input_ids == ids
    assert theirs.decode(ids) == ours.decode(ids) == text


def test_auto_tokenizer_knows_our_vocabulary_and_its_end(readers: tuple[Tokenizer, Any]) -> None:
    """The same tokens, one special one, and the window that the model was trained on."""
    ours, theirs = readers
    assert len(theirs) == ours.vocab_size
    assert theirs.get_vocab() == ours.token_ids
    assert theirs.eos_token_id == theirs.bos_token_id == ours.end_of_text
    assert theirs.all_special_ids == [ours.end_of_text]
    assert theirs.model_max_length == 48
    assert theirs.decode([ours.end_of_text]) == END_OF_TEXT
    assert theirs.decode([*ours.encode("done"), ours.end_of_text], skip_special_tokens=True) == "done"


def test_auto_tokenizer_gives_our_ids_for_every_kind_of_text(readers: tuple[Tokenizer, Any]) -> None:
    """The texts above, each golden text, and two thousand random ones; all decode back."""
    golden = [json.loads(line)["text"] for line in GOLDEN.read_text(encoding="utf-8").splitlines()]
    rng = random.Random("parity")
    pools = [*map(list, TEXTS[4:]), [chr(c) for c in range(0x20, 0x3000)], list(" '\u00a0\n\tabc1.")]
    drawn = ["".join(rng.choices(rng.choice(pools), k=rng.randrange(1, 50))) for _ in range(2000)]
    for text in (*TEXTS, *golden, *drawn):
        if not any("\ud800" <= c <= "\udfff" for c in text):  # half a character has no UTF-8: their library refuses it
            assert_same_ids(*readers, text)


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_auto_tokenizer_gives_our_ids_for_any_text(readers: tuple[Tokenizer, Any], text: str) -> None:
    """Hypothesis looks for a difference and shrinks it."""
    assert_same_ids(*readers, text)


def test_end_of_text_spelt_out_in_a_text_is_ordinary_text(readers: tuple[Tokenizer, Any]) -> None:
    """A text cannot smuggle in the end of a document, neither here nor there."""
    for text in (END_OF_TEXT, f"before{END_OF_TEXT}behind", f"{CORPUS} {END_OF_TEXT} {END_OF_TEXT}"):
        assert_same_ids(*readers, text)
        assert readers[0].end_of_text not in readers[1](text).input_ids


# --- transformers' folder, read by us


def test_a_folder_that_transformers_saved_is_our_model(tokenizer: Tokenizer, tmp_path: Path) -> None:
    """Its own `save_pretrained`, with a GPT-2 tokenizer built from vocab.json and merges.txt: the same logits and greedy text."""
    files, folder = tmp_path / "files", tmp_path / "theirs"
    files.mkdir()
    save_tokenizer(files, tokenizer, 64)
    config = ModelConfig(n_layer=2, n_head=4, n_embd=24, n_positions=64, vocab_size=tokenizer.vocab_size, dropout=0.0)
    theirs = their_model(config, random_state(config, 4, 0.3))
    theirs.generation_config.eos_token_id = tokenizer.end_of_text
    theirs.save_pretrained(folder)
    reader = GPT2Tokenizer(vocab=str(files / "vocab.json"), merges=str(files / "merges.txt"))
    reader.save_pretrained(folder)

    ours = minigpt.load(folder, device="cpu")
    assert ours.tokenizer.token_ids == tokenizer.token_ids
    assert ours.context == 64
    ids = tokenizer.encode(CORPUS)[:40]
    with torch.no_grad():
        logits = theirs.eval()(torch.tensor([ids])).logits[0].numpy()
    assert np.abs(ours.logits(ids) - logits).max() < 1e-4
    assert_same_greedy_text(ours, theirs, reader, "Whisk two eggs")


def test_the_lines_of_the_model_card_load_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shape: dict[str, Any] = {"layers": 1, "heads": 2, "width": 32, "positions": 64, "init": "none"}
    minigpt.train("A GPT that writes haiku", out=tmp_path / "run", initial_tokens=2500, final_tokens=1500, epochs=1, **shape)
    code = re.search("```python\n(from transformers .*?)```", (tmp_path / "run" / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert code
    monkeypatch.chdir(tmp_path / "run")
    exec(code[1], {})
    assert capsys.readouterr().out.startswith("The first words")


def test_what_is_exported_for_it_is_its_model(architecture: str, tmp_path: Path) -> None:
    """`export --to hf`: unpacked, transformers has the same ids and logits."""
    folder = write_model(tmp_path / "poet", n_layer=2, architecture=architecture)
    shutil.unpack_archive(export(folder, "hf", tmp_path / "a.zip").path, tmp_path / "there")
    ours, theirs = minigpt.load(folder), THEIRS[architecture].from_pretrained(tmp_path / "there" / "poet").eval()
    ids = AutoTokenizer.from_pretrained(tmp_path / "there" / "poet")(CORPUS)["input_ids"]
    assert ids == ours.tokenizer.encode(CORPUS)
    with torch.no_grad():
        logits = theirs(torch.tensor([ids])).logits[0].numpy()
    assert np.abs(logits - ours.logits(ids)).max() < 1e-4
