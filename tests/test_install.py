"""What minigpt tells a user to install is the right package, by a command that reaches the Python that runs minigpt."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from minigpt.fast.install import BASE_DISTRIBUTION, CUPY, DISTRIBUTION, cupy_remedy, driver_cuda, to_install

ROOT = Path(__file__).parent.parent
SAY = "import sys; from minigpt.fast.install import to_install; print(to_install('cupy-cuda13x[ctk]', *map(bool, sys.argv[1:])))"


def test_the_names_in_hints_are_those_of_the_distributions() -> None:
    """Never the index's minigpt, which is another program."""
    own, base = ((ROOT / name / "pyproject.toml").read_text(encoding="utf-8") for name in (".", "base"))
    assert f'\nname = "{DISTRIBUTION}"' in own and DISTRIBUTION != "minigpt"
    assert f'\nname = "{BASE_DISTRIBUTION}"' in base
    for major, package in CUPY.items():
        assert f'\ncuda{major} = ["{package}>=' in own
    assert f'\nbase = ["{BASE_DISTRIBUTION}>=' in own
    assert not re.search(r'"minigpt[\[<>=]', own)


def test_no_text_tells_to_install_somebody_elses_minigpt() -> None:
    texts = [path for kind in ("*.py", "*.j2", "*.html") for path in (ROOT / "minigpt").rglob(kind)]
    texts += [path for folder in (ROOT, ROOT / "base") for path in folder.glob("*.md")] + [*(ROOT / "docs").rglob("*.md")]
    for path in texts:
        found = re.findall(r"""(?:install|inject|--with)\s+["'`]?minigpt(?![\w-])""", path.read_text(encoding="utf-8"))
        assert path.name == "CHANGELOG.md" or not found, path
    assert len(texts) > 200


@pytest.mark.parametrize(
    ("driver", "said"),
    [
        (None, "no NVIDIA driver"),
        (11040, "the NVIDIA driver stops at CUDA 11.4: update it"),
        (12000, '"cupy-cuda12x[ctk]"'),
        (12080, '"cupy-cuda12x[ctk]"'),
        (13010, '"cupy-cuda13x[ctk]"'),
        (14000, '"cupy-cuda13x[ctk]"'),
    ],
)
def test_cupy_is_the_one_for_the_drivers_cuda(driver: int | None, said: str) -> None:
    assert said in cupy_remedy(driver)


@pytest.mark.skipif(shutil.which("cc") is None or os.name == "nt", reason="needs a C compiler")
def test_the_driver_is_asked_for_its_cuda(tmp_path: Path) -> None:
    """A real library, with the driver's function; one without it, and none."""
    for name, code in (("driver", "int cuDriverGetVersion(int *v) { *v = 12080; return 0; }"), ("none", "int other(void) { return 0; }")):
        (tmp_path / f"{name}.c").write_text(code, encoding="utf-8")
        subprocess.run(["cc", "-shared", "-fPIC", "-o", tmp_path / f"{name}.so", tmp_path / f"{name}.c"], check=True)
    driver, none = str(tmp_path / "driver.so"), str(tmp_path / "none.so")
    assert [driver_cuda((driver,)), driver_cuda((none, driver)), driver_cuda((none,)), driver_cuda(("libmissing.so",))] == [
        *(12080, 12080, None, None)
    ]  # fmt: skip


def said_by(python: Path, folder: Path, *again: str, **environment: str) -> str:
    """What a Python tells to install CuPy with, in a folder."""
    kept = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(folder / "bare")]), **environment}
    done = subprocess.run([python, "-c", SAY, *again], capture_output=True, text=True, cwd=folder, env=kept, check=True)
    return done.stdout.strip()


@pytest.mark.skipif(os.name == "nt", reason="POSIX paths")
def test_the_command_reaches_the_python_that_runs_minigpt(tmp_path: Path) -> None:
    """With pip on the path, off the path, without pip, and in an environment of pipx: each is that environment's own."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "my env"], check=True)
    prefix, python = tmp_path / "my env", tmp_path / "my env" / "bin" / "python"
    [site] = prefix.glob("lib/python*/site-packages")
    assert said_by(python, tmp_path) == "uv pip install --python 'my env/bin/python' \"cupy-cuda13x[ctk]\""
    (site / "pip.py").touch()
    assert shlex.split(said_by(python, tmp_path)) == ["my env/bin/python", "-m", "pip", "install", "cupy-cuda13x[ctk]"]
    assert shlex.split(said_by(python, site))[0] == str(python)  # from elsewhere, the whole path
    assert "-m pip install --force-reinstall" in said_by(python, tmp_path, "again")
    (prefix / "bin" / "pip").write_text("#!/bin/sh\n", encoding="utf-8")
    (prefix / "bin" / "pip").chmod(0o755)
    on_path = os.pathsep.join([str(prefix / "bin"), os.environ["PATH"]])
    assert said_by(python, tmp_path, PATH=on_path) == 'pip install "cupy-cuda13x[ctk]"'
    (prefix / "pipx_metadata.json").write_text(json.dumps({}), encoding="utf-8")
    assert said_by(python, tmp_path) == "pipx inject 'my env' \"cupy-cuda13x[ctk]\""
    assert said_by(python, tmp_path, "again").startswith("pipx inject --force 'my env'")


def test_the_one_file_program_says_that_it_cannot_take_up_a_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert to_install("numba") == "the one-file program cannot take it up; a minigpt that pip installed can"
