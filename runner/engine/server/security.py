"""Who may talk to the engine: checks on the headers of a request, made before anything else.

The danger is not the network, which cannot reach a loopback port, but the browser on the same
machine: any page it shows may open a socket to any port. A browser names the page in `Origin`, and
a page that had its own host name resolve to this machine names that in `Host`. Both are refused.

Pure: names and texts in, a refusal out. May import the protocol and the errors.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from runner.engine.server.answers import Refusal, refusal_of_status
from runner.errors import ConfigError
from runner.protocol.urls import is_loopback

WILDCARDS = ("0.0.0.0", "::")  # noqa: S104 - named in order to be refused without a token
OPEN_PATHS = frozenset({"/livez", "/readyz", "/health", "/metrics", "/openapi.json", "/docs"})
"""What answers without a token: whoever watches the process or reads about it needs no key to it.
None of it tells of prices or money."""
_BEARER = "Bearer "


@dataclass(frozen=True, slots=True)
class Guard:
    """The rules of one server.

    Raises:
        ConfigError: E371, the host is reachable from elsewhere and there is no token; E372, the
            token cannot travel in a header.
    """

    host: str = "127.0.0.1"
    """The address listened on."""
    token: str | None = field(default=None, repr=False)
    """What a client must present; None or empty for nothing."""
    origins: frozenset[str] = frozenset()
    """Values of `Origin` that are let in."""

    def __post_init__(self) -> None:
        if self.token and not (self.token.isascii() and self.token.isprintable()):
            raise _bad_token()
        if self.token and self.token != self.token.strip():
            raise _bad_token()
        if not self.token and not is_loopback(self.host):
            raise ConfigError(
                f"serving on {self.host} needs a token",
                where="--host",
                why="everybody who reaches this address could trade on the engine",
                fix="add --token, or set RUNNER_ENGINE__TOKEN; or leave --host out",
                id="E371",
            )

    def refusal(
        self, headers: Mapping[str, str], hosts: Sequence[str], *, path: str, port: int
    ) -> Refusal | None:
        """Return why a request may not come in, or None.

        `headers` must look names up without regard to case; `hosts` are all values of `Host`,
        `port` is the port the request arrived on.
        """
        if not self._knows(hosts, port):
            named = ", ".join(hosts) or "none"
            return refusal_of_status(403, f"Host must name this engine, was {named[:100]}")
        origin = headers.get("Origin")
        if origin is not None and origin not in self.origins:
            return refusal_of_status(403, f"Origin {origin[:100]} is not allowed")
        if self.token and path not in OPEN_PATHS:
            return self._token_problem(headers, self.token)
        return None

    def _knows(self, hosts: Sequence[str], port: int) -> bool:
        if len(hosts) != 1:
            return False
        name, named_port = split_host(hosts[0])
        if self.host in WILDCARDS:
            return bool(name)  # reachable under names we cannot know; the token protects
        return named_port == port and (is_loopback(name) or name == self.host.lower())

    def _token_problem(self, headers: Mapping[str, str], token: str) -> Refusal | None:
        given = ""
        authorization = headers.get("Authorization", "")
        if authorization.startswith(_BEARER):
            given = authorization.removeprefix(_BEARER).strip()
        given = given or headers.get("X-API-Key", "").strip()
        if not given:
            return _unauthorized("MISSING_API_KEY", "no API key was given")
        if not hmac.compare_digest(given.encode(errors="backslashreplace"), token.encode()):
            return _unauthorized("INVALID_API_KEY", "the API key is wrong")
        return None


def split_host(value: str) -> tuple[str, int]:
    """Return name (lower case, without brackets) and port of a `Host` header, port 80 if none.

    What is no host at all gives an empty name.
    """
    name, colon, port = value.strip().rpartition(":")
    if not colon or "]" in port:
        name, port = value.strip(), "80"
    if not (port.isascii() and port.isdigit() and len(port) <= 5):
        return "", 0
    if name.startswith("[") and name.endswith("]"):
        name = name[1:-1]
    elif ":" in name:
        return "", 0
    return name.lower().rstrip("."), int(port)


def _unauthorized(code: str, why: str) -> Refusal:
    return Refusal("UNAUTHORIZED", f"Unauthorized: {why}", details={"code": code})


def _bad_token() -> ConfigError:
    return ConfigError(
        "the token cannot travel in a header",
        where="--token",
        why="it must be printable ASCII text without blanks at its ends",
        fix="choose one like `openssl rand -hex 32` prints",
        id="E372",
    )
