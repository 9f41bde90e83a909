"""Packages of PyPI, npm and Debian as files on disk, each checked against the SHA-256 that its manifest states."""

from __future__ import annotations

import hashlib
import io
import json
import lzma
import subprocess
import tarfile
import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import tomllib

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Source:
    """One entry of sources/*.toml: an archive of a registry, and which of its files are text for the base."""

    registry: str  # pypi, npm or debian
    package: str
    version: str
    file: str  # the archive's name
    sha256: str  # of the archive
    licence: str
    files: list[str]  # patterns of paths inside the archive (fnmatch)
    format: str  # a function of formats.py
    kind: str  # what a reader would call it: novel, speech, manual, code, ...
    note: str = ""  # author, title, where the licence stands
    options: dict[str, Any] = field(default_factory=dict)  # of the format


def sources() -> list[Source]:
    """All entries, in the order of the files' names."""
    return [Source(**entry) for path in sorted(HERE.glob("sources/*.toml")) for entry in tomllib.loads(path.read_text("utf-8"))["source"]]


def fetch(source: Source, folder: Path) -> Path:
    """The archive, downloaded unless it is there; ValueError if it is not the one that the manifest means."""
    path = folder / source.file
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        {"pypi": from_pypi, "npm": from_npm, "debian": from_debian}[source.registry](source, path)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != source.sha256:
        raise ValueError(f"{path} has the SHA-256 {found}; sources/*.toml says {source.sha256}: delete the file, or correct the entry")
    return path


def from_pypi(source: Source, path: Path) -> None:
    """By the index that pip uses (PEP 691), whose addresses may be relative."""
    index = f"https://pypi.org/simple/{source.package}/"
    found = get_json(index, "application/vnd.pypi.simple.v1+json")
    download(urljoin(index, next(entry["url"] for entry in found["files"] if entry["filename"] == source.file)), path)


def from_npm(source: Source, path: Path) -> None:
    download(get_json(f"https://registry.npmjs.org/{source.package}")["versions"][source.version]["dist"]["tarball"], path)


def from_debian(source: Source, path: Path) -> None:
    """By apt, so that it comes from the mirror that this machine uses."""
    subprocess.run(["apt-get", "download", f"{source.package}={source.version}"], cwd=path.parent, check=True, capture_output=True)
    made = max(path.parent.glob(f"{source.package}_*.deb"), key=lambda p: p.stat().st_mtime)
    made.rename(path)


def get_json(url: str, accept: str = "application/json") -> Any:
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Accept": accept}), timeout=120) as answer:
        return json.load(answer)


def download(url: str, path: Path) -> None:
    with urllib.request.urlopen(url, timeout=600) as answer:
        path.write_bytes(answer.read())


def members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each file in an archive: wheel, zip, tar of any compression, Debian package."""
    if path.suffix in (".whl", ".zip"):
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if not info.is_dir():
                    yield info.filename, archive.read(info)
        return
    data = path.read_bytes()
    with tarfile.open(fileobj=io.BytesIO(debian_data(data) if path.suffix == ".deb" else data)) as archive:
        for member in archive:
            if member.isfile():
                stream = archive.extractfile(member)
                assert stream is not None
                yield member.name.removeprefix("./"), stream.read()


def debian_data(data: bytes) -> bytes:
    """The tar file inside a .deb, an ar archive: 60 bytes of header before each member, members padded to even lengths."""
    at = 8
    while at < len(data):
        name, size = data[at : at + 16].decode().strip().rstrip("/"), int(data[at + 48 : at + 58])
        body = data[at + 60 : at + 60 + size]
        if name.startswith("data.tar"):
            return lzma.decompress(body) if name.endswith(".xz") else body
        at += 60 + size + size % 2
    raise ValueError("no data.tar in the Debian package")
