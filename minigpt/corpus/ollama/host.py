"""Resolves --ollama-host or OLLAMA_HOST to a URL, by the rules of Ollama's own programs (envconfig.Host)."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from minigpt.corpus.ollama.limits import plain
from minigpt.errors import MinigptError

DEFAULT_PORT = 11434
PORTS = {"http": 80, "https": 443}  # if the scheme is written out; otherwise Ollama's own port
NAME = re.compile(r"[\w.-]+")


def resolve_host(value: str | None) -> str:
    """The URL for a value of --ollama-host or OLLAMA_HOST, such as `gpu-box`, `:1234`, `https://h/path` or `::1`.

    An address to bind to (0.0.0.0, [::]) becomes one to connect to, and an invalid port becomes the default, as in Ollama.
    Raises MinigptError if the value is not an address.
    """
    text = (value or "").strip().strip("\"'").strip()
    scheme, divided, rest = text.partition("://")
    scheme, rest = (scheme.lower(), rest) if divided else ("http", text)
    if scheme not in PORTS:
        raise MinigptError(f"the Ollama host {plain(text)!r} has the scheme {plain(scheme)!r}; use http or https")
    default = PORTS[scheme] if divided else DEFAULT_PORT
    if text == "ollama.com":
        scheme, default = "https", PORTS["https"]
    address, _, path = rest.partition("/")
    host, port = _split_port(address, default)
    if "@" in address or not (_is_address(host) or NAME.fullmatch(host)):  # credentials before an @ are not accepted
        raise MinigptError(f"{plain(text)!r} is not the address of an Ollama server; write it like http://127.0.0.1:{DEFAULT_PORT}")
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    path = f"/{path.strip('/')}" if path.strip("/") else ""
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}{path}"


def is_loopback(url: str) -> bool:
    """Whether a URL stays on this machine, so that no proxy applies."""
    host = urlsplit(url).hostname or ""
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _split_port(address: str, default: int) -> tuple[str, int]:
    """Host and port. IPv6 may have brackets; an empty host is this machine."""
    bare = address.strip("[]")
    if ":" in bare and _is_address(bare):
        return str(ipaddress.ip_address(bare)), default
    host, colon, port = address.rpartition(":")
    if not colon:
        host, port = address, ""
    host = host.strip("[]")
    good = port.isascii() and port.isdigit() and int(port) <= 65535
    return (str(ipaddress.ip_address(host)) if _is_address(host) else host) or "127.0.0.1", int(port) if good else default


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
