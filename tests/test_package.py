"""What is distributed is complete: it installs into an empty environment, without a checkout, and runs."""

from __future__ import annotations

import ast
import fnmatch
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = "pyproject.toml MANIFEST.in README.md CHANGELOG.md LICENSE NOTICE".split()
SMALL = "--source template --init none --layers 1 --heads 2 --width 32 --positions 64 --initial-tokens 3000 --final-tokens 2000 --epochs 1"

INSTALLED = """
import pathlib, minigpt
from minigpt.fast.cuda.source import source
from minigpt.run.start import base_folder
print(len(source()) > 10_000)
print((pathlib.Path(minigpt.__file__).parent / "py.typed").is_file())
print(minigpt.load(base_folder()).tokenizer.vocab_size > 1000)
"""


def shipped() -> set[str]:
    """Every file of the package, from the root."""
    files = {path.relative_to(ROOT) for path in (ROOT / "minigpt").rglob("*") if path.is_file() and path.name != "ruff.toml"}
    return {path.as_posix() for path in files if not any(part.startswith(("__pycache__", ".")) for part in path.parts)}


def test_every_data_file_has_a_pattern_in_pyproject() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    section = text.partition("[tool.setuptools.package-data]")[2].partition("\n[")[0]
    patterns = re.findall(r'"([^"]+)"', section)
    data = {name.removeprefix("minigpt/") for name in shipped() if not name.endswith(".py")}
    assert {"py.typed", "corpus/tables/wordnet.txt.xz", "disk/gpt2_merges.txt", "fast/cuda/kernels/rows.cu"} < data
    for name in data:  # here * ends at a slash, and in fnmatch it does not
        assert any(fnmatch.fnmatch(name, pattern) and name.count("/") == pattern.count("/") for pattern in patterns), name
    for pattern in patterns:
        folder = os.path.dirname(pattern)
        assert any(fnmatch.fnmatch(name, pattern) for name in data) or not any(os.path.dirname(name) == folder for name in data), pattern


def test_what_is_imported_is_declared() -> None:
    """Each third-party module that minigpt imports anywhere is a dependency, or one that it can do without."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    declared = set(re.findall(r'^  "([\w-]+)[><=]', text.partition("\ndependencies = [")[2].partition("\n]")[0], re.MULTILINE))
    imported: set[str] = set()
    for path in (ROOT / "minigpt").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            imported |= {name.partition(".")[0] for name in names} - sys.stdlib_module_names
    optional = {"numba", "cupy", "cupy_backends", "llvmlite", "mpi4py", "starlette", "uvicorn", "gguf", "onnx"}
    assert imported - optional - {"minigpt"} <= declared
    assert len(declared) >= 10


def test_the_container_and_the_workflow_name_what_there_is() -> None:
    """The image is made of all that a wheel is made of, and none of it is ignored; make's targets and the scripts exist."""
    image, ignored, workflow, makefile = (
        (ROOT / name).read_text(encoding="utf-8") for name in ("Containerfile", ".dockerignore", ".github/workflows/ci.yml", "Makefile")
    )
    copied = {name for line in re.findall(r"^COPY (?!--from)(.+) \S+$", image, re.MULTILINE) for name in line.split()}
    assert copied == {*SOURCES, "minigpt", "base"}
    assert {f"!{name}" for name in copied} <= set(ignored.splitlines())
    assert re.search(r"^USER \d+$", image, re.MULTILINE)  # a number: not root, whatever the host makes of names
    for target in re.findall(r"\bmake ([\w-]+)", image + workflow):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for script in re.findall(r"(?<![/\w-])standalone/[\w.]+", makefile + workflow):
        assert (ROOT / script).exists(), script


def run(*command: object, cwd: Path) -> str:
    """What a program prints, in an environment without this checkout."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MINIGPT_", "VIRTUAL_ENV"))}
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=kept, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def contents(wheel: Path) -> dict[str, str]:
    """A wheel's files and their checksums, without its own list of these."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if not name.endswith("RECORD")]
        return {name: hashlib.sha256(archive.read(name)).hexdigest() for name in names}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository's files that distributions are made of, without what earlier builds left."""
    source = tmp_path_factory.mktemp("source")
    left_out = shutil.ignore_patterns("__pycache__", "*.egg-info", "build", ".*")
    for name in SOURCES:
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "minigpt", source / "minigpt", ignore=left_out)
    shutil.copytree(ROOT / "base", source / "base", ignore=left_out)
    return source


@pytest.fixture(scope="module")
def built(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Source distributions and the wheels made from them."""
    dist = tmp_path_factory.mktemp("dist")
    for folder in (source, source / "base"):
        run(sys.executable, "-m", "build", "--outdir", dist, folder, cwd=source)
    return dist


@pytest.mark.slow
def test_a_wheel_has_every_file_and_is_the_same_from_the_repository(source: Path, built: Path, tmp_path: Path) -> None:
    [wheel], [archive] = built.glob("minigpt_scratch-[0-9]*.whl"), built.glob("minigpt_scratch-[0-9]*.tar.gz")
    assert wheel.name.endswith("-py3-none-any.whl")
    files = contents(wheel)
    assert {name for name in files if name.startswith("minigpt/")} == shipped()
    assert {name.partition("/")[0] for name in files} == {"minigpt", f"{'-'.join(wheel.name.split('-')[:2])}.dist-info"}
    run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", tmp_path, source, cwd=tmp_path)
    assert contents(next(tmp_path.glob("*.whl"))) == files
    with tarfile.open(archive) as held:
        inside = {name.partition("/")[2] for name in held.getnames()}
    assert {*SOURCES, *shipped()} <= inside
    assert not any(name.startswith(("tests/", "base/", ".venv")) for name in inside)


@pytest.mark.slow
def test_the_wheels_run_in_an_empty_environment(built: Path, tmp_path: Path) -> None:
    """Installed from the files alone: the command, every kind of data file, the library, the base, the types."""
    run(sys.executable, "-m", "venv", tmp_path / "env", cwd=tmp_path)
    scripts = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin")
    run(scripts / "python", "-m", "pip", "install", "--quiet", *built.glob("*.whl"), cwd=tmp_path)
    minigpt = scripts / "minigpt"
    assert run(minigpt, "--version", cwd=tmp_path).startswith("minigpt")
    run(minigpt, "train", "--prompt", "A GPT about the sea that writes haiku", "--out", "sea", *SMALL.split(), cwd=tmp_path)
    assert (tmp_path / "sea" / "report.html").exists() == (ROOT / "minigpt" / "run" / "pages" / "templates" / "report.html.j2").exists()
    assert run(minigpt, "generate", "sea", "--prompt", "The sea", "--max-tokens", 5, cwd=tmp_path).startswith("The sea")
    assert "Shapes:" in run(minigpt, "check", "--layer", "Gelu", "--explain", cwd=tmp_path)
    assert run(scripts / "python", "-c", INSTALLED, cwd=tmp_path).splitlines() == ["True", "True", "True"]
    assert str(tmp_path) in run(scripts / "python", "-c", "import minigpt; print(minigpt.__file__)", cwd=tmp_path)
