"""The addresses of peers: judged before anything connects, and derived from one another.

Pure text work: no name is looked up, no socket opened. Only the standard library may be imported.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

GATEWAY_WS_PATH = "/v1/ws"
HTTP_SCHEMES = ("http", "https")
WS_SCHEMES = ("ws", "wss")
_TO_WS = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
_TO_HTTP = {"ws": "http", "wss": "https", "http": "http", "https": "https"}
_STRAY = re.compile(r"[\s\x00-\x1f\x7f]")
_QUOTES = "\"'`"


def url_problem(url: str, *, schemes: Sequence[str] = WS_SCHEMES) -> str | None:
    """Return what is wrong with `url` as the address of a peer, as one phrase, or None.

    The phrase never repeats user name and password of a URL that holds them.
    """
    if not url.strip():
        return "is empty"
    if url[0] in _QUOTES or url[-1] in _QUOTES:
        return "is wrapped in quotes: leave them out"
    if _STRAY.search(url):
        return "holds a blank or a control character"
    if any(mark in url for mark in _QUOTES):
        return "holds a quote character"
    try:
        parts = urlsplit(url)
    except ValueError:
        return "is not a URL"
    return _scheme_problem(url, parts, schemes) or _place_problem(parts)


def check_url(url: str, schemes: Sequence[str] = WS_SCHEMES) -> str:
    """Return `url` itself, if it can be the address of a peer.

    Raises:
        ValueError: the text is that of `url_problem`.
    """
    problem = url_problem(url, schemes=schemes)
    if problem:
        raise ValueError(problem)
    return url


def _scheme_problem(url: str, parts: SplitResult, schemes: Sequence[str]) -> str | None:
    wanted = " or ".join(f"{scheme}://" for scheme in schemes)
    if "://" not in url:
        return f"must start with {wanted}"
    if parts.scheme not in schemes:
        return f"must start with {wanted}, was {parts.scheme}://"
    return None


def _place_problem(parts: SplitResult) -> str | None:
    if "@" in parts.netloc:
        return "must not hold a user name or password"
    if not parts.hostname:
        return "names no host"
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0 or parts.netloc.endswith(":"):
        return "must have a port from 1 to 65535, or none"
    if parts.fragment or parts.query:
        return "must not have a query or a fragment (? or #)"
    return None


def gateway_ws_url(base: str) -> str:
    """Return the WebSocket URL of a gateway from its base URL: `http` becomes `ws`, path kept.

    Raises:
        ValueError: the base is not usable; the text completes "GATEWAY_URL ...".
    """
    parts = _gateway_base(base)
    return f"{_TO_WS[parts.scheme]}://{parts.netloc}{parts.path.rstrip('/')}{GATEWAY_WS_PATH}"


def gateway_http_url(base: str) -> str:
    """Return the REST base of a gateway from its base URL, without a trailing slash.

    Raises:
        ValueError: the base is not usable; the text completes "GATEWAY_URL ...".
    """
    parts = _gateway_base(base)
    return f"{_TO_HTTP[parts.scheme]}://{parts.netloc}{parts.path.rstrip('/')}"


def _gateway_base(base: str) -> SplitResult:
    parts = urlsplit(check_url(base, HTTP_SCHEMES + WS_SCHEMES))
    if parts.path.rstrip("/").endswith(GATEWAY_WS_PATH):
        raise ValueError(f"must be the base of the gateway, without {GATEWAY_WS_PATH}")
    return parts


def is_loopback(host: str) -> bool:
    """Return whether `host` surely names this machine: 127.0.0.0/8, ::1, or localhost.

    `0.0.0.0` is every interface, not this machine; short and octal spellings of an address are
    not trusted. Brackets of an IPv6 address may be present.
    """
    name = host.lower()
    if name == "localhost":
        return True
    try:
        address: IPv4Address | IPv6Address = ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    if isinstance(address, IPv4Address):
        return address.is_loopback
    return address == IPv6Address("::1")


def parse_place(text: str) -> tuple[str, int]:
    """Return host, without brackets, and port of an address to listen on: `127.0.0.1:9108`.

    Raises:
        ValueError: it is none; the text completes "metrics.listen ...".
    """
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not host or (":" in host and not bracketed) or _STRAY.search(text):
        raise ValueError("must be a host and a port")
    if not (port.isascii() and port.isdigit() and int(port) <= 65_535):
        raise ValueError("must have a port from 0 to 65535")
    return (host[1:-1] if bracketed else host), int(port)


def shown_place(host: str, port: int) -> str:
    """Return a host and a port as they stand in a URL."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
