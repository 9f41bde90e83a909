"""How commands are typed: wrong usage and its status, what is proposed instead, help, the prompt, completion in shells."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

from minigpt.cli import cli
from minigpt.cli.helptext import EXAMPLES, FEW, FIRST, GROUPS, long_name
from minigpt.config import SIZES
from minigpt.corpus.prompt.understand import PRESETS
from minigpt.disk.files import write_json
from minigpt.disk.jsontext import sealed
from minigpt.errors import MinigptError, instead, nearest

COMMANDS = sorted(cli.commands)


def type_in(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """The status, standard output and standard error of a command line."""
    with pytest.raises(SystemExit) as ended:
        cli.main(list(arguments), prog_name="minigpt")
    said = capsys.readouterr()
    return int(str(ended.value.code or 0)), said.out, said.err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("trian", "no such command 'trian'; did you mean train? See minigpt --help"),
        ("xyzzy", "use one of train, "),
        ("train --epohcs 3", "no such option --epohcs; did you mean --epochs? See minigpt train --help"),
        ("train --modelsize=12M", "did you mean --model-size"),
        ("train -p x --preset haiku_mastr", "unknown preset 'haiku_mastr'; did you mean haiku_master?"),
        ("train --preset recipes", "did you mean simple_cooking_recipes or healthy_diet_recipes?"),
        ("train --preset qqq", "use one of simple_cooking_recipes, "),
        ("train -p x --model-size 12", "unknown model size '12'; did you mean 12M?"),
        ("train -p x --model-size larg", "did you mean large?"),
        ("train -p x --source templates", "invalid value for '--source': 'templates'; did you mean template?"),
        ("train -p x --vocab fulll", "did you mean full?"),
        ("train -p x --device tpu", "'tpu' is not auto, cpu, cuda or cuda:N"),
        ("train -p x --epochs 2 --minutes 3", "--epochs and --minutes"),
        ("train -p x --data y --source template", "cannot be combined"),
        ("train --source own", "--source own needs --data"),
        ("train --data y --preset haiku_master", "--preset applies to generated documents"),
        ("train", "nothing to train on"),
        ("train -p x --layers 0", "--layers=0"),
        ("train -p x --epochs many", "'many' is not a valid integer"),
        ("train -p x --minutes -1", "--minutes=-1.0: expected minutes, a number above 0"),
        ("train -p x --init none --heads 5", "n_embd"),
        ("train -p x --init none --context 9999", "does not fit 512 positions"),
        ("train one two", "put the prompt in quotes: 'one two'"),
        ("train one -p two", "the prompt is given twice"),
        ("corpus one two", "put the prompt in quotes"),
        ("train --prompt - --data -", "both read standard input"),
        ("generate", "missing argument 'RUN'; see minigpt generate --help"),
        ("generate . --temperature -1", "temperature=-1.0"),
        ("generate . --samples 0", "--samples"),
        ("bench --model-size hug", "unknown model size 'hug'"),
        ("check --layer attn", "did you mean Attention?"),
        ("list --modelsdir x", "did you mean --models-dir?"),
        ("doctor now", "got unexpected extra argument"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(capsys, tmp_path: Path, monkeypatch, line: str, words: str) -> None:
    monkeypatch.chdir(tmp_path)
    status, out, err = type_in(capsys, *line.split())
    assert (status, out) == (2, "")
    assert err.startswith("minigpt: ") and len(err.splitlines()) == 1 and words in err
    assert list(tmp_path.iterdir()) == []


def test_what_can_only_be_found_out_has_status_1(capsys, tmp_path: Path, monkeypatch) -> None:
    """A file, a run, or memory that is not there: nobody has mistyped anything."""
    monkeypatch.chdir(tmp_path)
    for line in ("train --data missing.txt", "generate missing", "train -p x --init none --layers 9000 --width 9000 --heads 1"):
        status, _, err = type_in(capsys, *line.split())
        assert (status, len(err.splitlines())) == (1, 1), err


def test_the_nearest_comes_first_and_nothing_is_made_up() -> None:
    assert nearest("haiku", PRESETS) == ["haiku_master"]
    assert nearest("SMALL", [name for size in SIZES.values() for name in (size.name, size.alias)]) == ["small"]
    assert nearest("zzz", PRESETS) == nearest("", PRESETS) == []
    assert instead("zzz", ["a", "b"]) == "use one of a, b"
    assert instead("zzz", ["a", "b"], "a (1)") == "use one of a (1)"
    assert issubclass(MinigptError, ValueError)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_groups_and_two_examples_that_can_be_typed(capsys, name: str) -> None:
    """Every option is shown once; those that matter first, and no group has more than a screen holds at once."""
    status, out, err = type_in(capsys, name, "--help")
    assert (status, err) == (0, "")
    command = cli.commands[name]
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    shown = [line.split()[0].rstrip(",") for line in out.splitlines() if line.startswith("  -")]
    assert len(shown) == len(set(shown)) == len(options) + 1
    examples = out[out.index("Examples:") :].splitlines()[1:]
    assert len(examples) == len(EXAMPLES[name]) >= 2 and all(len(line) <= 80 for line in examples)
    sections = [part.count("\n  -") for part in out[: out.index("Examples:")].split("\n\n")]
    assert max(sections) <= 12
    for line in EXAMPLES[name]:
        words = shlex.split(line)
        assert words[0] == name
        command.make_context(name, words[1:])


def test_every_name_in_the_tables_of_the_help_is_an_option_or_will_be() -> None:
    """An option in two groups would be shown in one of them only."""
    named = [name for names in GROUPS.values() for name in names]
    assert len(named) == len(set(named))
    assert all(len(names) <= FEW for names in FIRST.values())
    known = {long_name(parameter) for command in cli.commands.values() for parameter in command.params}
    assert set(FIRST["corpus"]) <= known


def test_the_help_of_all_lists_each_command_once(capsys) -> None:
    status, out, _ = type_in(capsys, "--help")
    assert status == 0
    for name in COMMANDS:
        assert out.count(f"\n  {name} ") == (0 if cli.commands[name].hidden else 1)


def test_the_prompt_is_an_option_an_argument_or_standard_input(monkeypatch, tmp_path: Path) -> None:
    """And MINIGPT_PROMPT is train's alone: it gives way to what is typed."""
    got: list[str | None] = []
    monkeypatch.setattr("minigpt.run.pipeline.train", lambda prompt, **options: got.append(prompt))

    def train(*arguments: str) -> str | None:
        cli.main(["train", *arguments], standalone_mode=False)
        return got.pop()

    assert train("--prompt", "A GPT") == train("A GPT") == train("-p", "A GPT", "--quiet") == "A GPT"
    monkeypatch.setenv("MINIGPT_PROMPT", "of the variable")
    assert (train(), train("typed"), train("-p", "typed")) == ("of the variable", "typed", "typed")
    for name, command in cli.commands.items():
        read = [parameter for parameter in command.params if parameter.envvar == "MINIGPT_PROMPT"]
        assert bool(read) == (name == "train")


def test_a_prompt_without_its_option_is_told_where_to_go(capsys) -> None:
    status, _, said = type_in(capsys, "generate", "chef", "Soup")
    assert status == 2 and "extra argument (Soup); a prompt comes after --prompt, in quotes; see" in said
    status, _, said = type_in(capsys, "show", "chef", "Soup")
    assert status == 2 and "--prompt" not in said


def test_a_wrong_value_is_blamed_on_what_gave_it(capsys, monkeypatch) -> None:
    monkeypatch.setenv("MINIGPT_SORT", "los")
    status, _, said = type_in(capsys, "list")
    assert status == 2 and "MINIGPT_SORT: 'los'; did you mean loss?" in said
    status, _, said = type_in(capsys, "list", "--sort", "nam")
    assert status == 2 and "'--sort': 'nam'; did you mean name?" in said


@pytest.mark.parametrize(
    ("typed", "status", "words"),
    [
        (b"A GPT that \xff", 2, "--prompt is not valid text: character 12"),
        pytest.param(b" \n", 2, "standard input is empty", marks=pytest.mark.slow),
        pytest.param(b"x" * 30_000, 2, "more than 20,000 bytes", marks=pytest.mark.slow),
        ("\ufeffA GPT für 狐\n".encode(), 1, "missing"),
    ],
)
def test_a_prompt_on_standard_input(tmp_path: Path, typed: bytes, status: int, words: str) -> None:
    command = [sys.executable, "-m", "minigpt", "train", "--prompt", "-", "--out", "x", "--source", "template", "--init", "missing"]
    done = subprocess.run(command, input=typed, capture_output=True, cwd=tmp_path, env={**os.environ}, check=False)
    assert (done.returncode, done.stdout) == (status, b"")
    assert words in done.stderr.decode() and len(done.stderr.splitlines()) == 1


def proposed(*words: str) -> dict[str, str | None]:
    """What a shell would propose for the last of these words, with what is said about it."""
    complete = ShellComplete(cli, {}, "minigpt", "_MINIGPT_COMPLETE")
    return {item.value: item.help for item in complete.get_completions(list(words[:-1]), words[-1])}


def test_shells_complete_commands_options_presets_sizes_and_runs(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert {"train", "generate", "doctor"} <= proposed("").keys()
    assert list(proposed("do")) == ["doctor"]
    assert "--model-size" in proposed("train", "--mod") and "--prompt" in proposed("train", "--p")
    assert proposed("train", "--preset", "ha") == {"haiku_master": "Haiku master"}
    assert list(proposed("train", "--preset", "")) == list(PRESETS)
    assert list(proposed("train", "--model-size", "")) == list(SIZES)
    assert list(proposed("train", "--source", "t")) == ["template"]
    assert list(proposed("train", "--vocab", "")) == ["corpus", "full"]
    for number, name in enumerate(("chef", "haiku")):
        (tmp_path / "models" / name).mkdir(parents=True)
        write_json(
            tmp_path / "models" / name / "run.json", sealed({"created": f"2026-01-0{number + 1}", "prompt": f"A GPT\x1b[31m {name}"})
        )
    assert proposed("generate", "") == {"latest": "the newest: haiku", "haiku": "A GPT [31m haiku", "chef": "A GPT [31m chef"}
    assert list(proposed("generate", "CH")) == ["chef"]
    assert proposed("generate", "--models-dir", "elsewhere", "x") == {"x": None}
    (tmp_path / "models" / "chef" / "run.json").write_text("{")
    assert list(proposed("generate", "")) == ["latest", "haiku"]


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes(tmp_path: Path) -> None:
    """With the script that one line in ~/.bashrc fetches, in a real shell."""
    program = tmp_path / "minigpt"
    program.write_text(f"#!{sys.executable}\nfrom minigpt.cli import cli\ncli(prog_name='minigpt')\n")
    program.chmod(0o755)
    script = """
eval "$(_MINIGPT_COMPLETE=bash_source minigpt)" 2>&1
COMP_WORDS=(minigpt train --preset hai) COMP_CWORD=3
_minigpt_completion minigpt hai --preset
echo "${COMPREPLY[@]}"
"""
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env={**os.environ, "PATH": path}, check=False)
    assert (done.stdout.split()[-1:], done.returncode) == (["haiku_master"], 0), done.stderr


def test_nothing_heavy_is_imported_for_help_or_completion() -> None:
    code = """
import sys
from click.shell_completion import ShellComplete
from minigpt.cli import cli
for words in (["--help"], ["train", "--help"]):
    cli(words, standalone_mode=False)
complete = ShellComplete(cli, {}, "minigpt", "_MINIGPT_COMPLETE")
assert complete.get_completions(["train", "--preset"], "") and complete.get_completions(["train"], "--")
complete.get_completions(["generate"], "")
print({"numpy", "cupy", "numba", "questionary", "prompt_toolkit", "matplotlib", "requests"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"
