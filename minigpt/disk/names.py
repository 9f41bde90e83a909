"""What a person calls a run -> its folder: a path, a unique beginning of its name under the models folder, or `latest`."""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path

from minigpt.disk.shelf import RECORD, list_runs
from minigpt.errors import MinigptError, WrongUsage, as_argument, counted

LATEST = "latest"
CONFIG = "config.json"  # what a model's folder has, whoever made it
TAKEN = {LATEST, "base", "none"}  # words that stand for something else where a run is asked for
NAMED = 5  # candidates, at most, that a message names
LONGEST = 200  # bytes of a name; most file systems allow 255
# What some system forbids in a file's name, or gives a meaning of its own.
FORBIDDEN = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f]')
DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def find_run(run: str, models: Path) -> Path:
    """The folder of a run; MinigptError, with the nearest names, if there is none or more than one.

    Whatever exists as a path is that path, also a model called `latest`; but what is neither a model nor an archive, such as a folder
    haiku/ with the texts that the run haiku learned, stands back behind a run of its name. A slash at the end, as completion adds it,
    changes nothing; neither does upper or lower case where only one name fits.
    `models/che` is the run under models/ whose name begins like this.
    """
    bare = run.rstrip("/" if os.sep == "/" else "/\\") or run
    if not run or os.path.lexists(bare):
        return behind(bare, models) if bare == run else Path(bare)
    folder, name = (models, bare) if Path(bare).name == bare else (Path(bare).parent, Path(bare).name)
    if name == LATEST:
        return latest(folder)
    names = sorted(path.parent.name for path in folder.glob(f"*/{RECORD}")) if folder.is_dir() else []
    found = matching(name, names)
    if len(found) == 1:
        return folder / found[0]
    if found:
        more = f" and {counted(len(found) - NAMED, 'other')}" if len(found) > NAMED else ""
        raise MinigptError(f"{run!r} is the beginning of {', '.join(found[:NAMED])}{more}; give more of the name")
    if folder is not models:
        return Path(bare)  # what is wrong with it is said by whoever opens it
    near = difflib.get_close_matches(name.lower(), [each.lower() for each in names], NAMED)
    likely = [each for each in names if each.lower() in near]
    remedy = f"did you mean {' or '.join(map(as_argument, likely))}?" if near else "`minigpt list` shows the runs"
    raise MinigptError(f"no run {run!r}: neither a path nor the beginning of a name in {models}; {remedy}")


def behind(name: str, models: Path) -> Path:
    """A path that exists, or the run that is meant where it is neither a model nor an archive of one."""
    here = Path(name)
    if os.path.basename(name) != name or here.suffix.lower() == ".zip" or any(os.path.lexists(here / file) for file in (RECORD, CONFIG)):
        return here
    runs = list_runs(models)[0] if name == LATEST else []
    meant = runs[0][0] if runs else models / name
    return meant if (meant / RECORD).is_file() else here


def matching(name: str, names: list[str]) -> list[str]:
    """The name itself, else the names that begin so, else those that do in another case."""
    if name in names:
        return [name]
    exact = [each for each in names if each.startswith(name)]
    return (
        exact
        or [each for each in names if each.lower() == name.lower()]
        or [each for each in names if each.lower().startswith(name.lower())]
    )


def latest(models: Path) -> Path:
    """The newest run under the models folder; MinigptError if there is none."""
    runs, _ = list_runs(models)
    if not runs:
        raise MinigptError(f'no runs in {models}; minigpt train --prompt "..." makes one')
    return runs[0][0]


def require_name(name: str) -> str:
    """The name, if a run can be called so on every system; else WrongUsage."""
    wrong = ""
    if not name.strip():
        wrong = "is empty"
    elif found := FORBIDDEN.search(name):
        wrong = f"contains {found[0]!r}; a name is one folder's name, not a path"
    elif name[0] in ".-~ " or name[-1] in ". ":
        wrong = "begins or ends with a character that shells or systems read in their own way"
    elif name.lower() in TAKEN or DEVICES.fullmatch(name):
        wrong = "means something else already"
    elif not name.isprintable() or len(os.fsencode(name)) > LONGEST:
        wrong = "is too long" if name.isprintable() else "contains characters that cannot be printed"
    if wrong:
        raise WrongUsage(f"{name!r} cannot be the name of a run: it {wrong}; use letters, digits and hyphens, such as chef-2")
    return name
