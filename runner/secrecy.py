"""What must never be shown, for the whole process: told once, and taken out where text leaves.

Keys and tokens are known as soon as the environment and the configuration were read. Everything
that a person or another program can read passes through here on its way out: the two streams, the
files of records, reports and journals, the screen. So a key is hidden wherever it turns up, also
in what a strategy prints or a peer answers. Imports the standard library only. Nothing here may
write a secret anywhere, not even in an error.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Mapping
from html import escape
from typing import Any, BinaryIO, TextIO

MASK = "********"
SHORTEST = 6
"""Characters of the shortest secret that is looked for in outputs: a shorter one would be found
in half of all words and numbers, and is none."""
VARIABLES = (
    "GATEWAY_API_KEY",
    "RUNNER_GATEWAY__API_KEY",
    "RUNNER_ENGINE__TOKEN",
    "RUNNER_METRICS__TOKEN",
)
"""The variables of the environment that hold a secret."""
_USERINFO = re.compile(r"(//)[^/\s'\"]*@")


class Concealment:
    """Takes a set of secrets out of texts, and the logins out of the addresses in them."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # The longest first, so that a secret that contains another one disappears whole.
        forms = sorted(
            {form for one in secrets for form in _forms(one.strip())}, key=len, reverse=True
        )
        self._pattern = re.compile("|".join(map(re.escape, forms))) if forms else None
        self._bytes = (
            re.compile(b"|".join(re.escape(form.encode("utf-8", "replace")) for form in forms))
            if forms
            else None
        )

    def text(self, text: str) -> str:
        """Return `text` without the secrets."""
        if self._pattern is not None:
            text = self._pattern.sub(MASK, text)
        return _USERINFO.sub(rf"\1{MASK}@", text) if "@" in text else text

    def data(self, data: bytes) -> bytes:
        """Return `data`, the UTF-8 of some text, without the secrets."""
        return data if self._bytes is None else self._bytes.sub(MASK.encode(), data)


def _forms(secret: str) -> Iterable[str]:
    """Yield how a secret may be written: as it is, in JSON, in an address, in a page."""
    from urllib.parse import quote  # not needed where there is no secret

    if secret:
        yield secret
        yield json.dumps(secret)[1:-1]
        yield json.dumps(secret, ensure_ascii=False)[1:-1]
        yield quote(secret, safe="")
        yield escape(secret)


_hidden = Concealment()


def conceal(secrets: Iterable[str]) -> None:
    """Hide these from now on in everything that leaves the process, and none that was told before.

    Args:
        secrets: those with fewer than `SHORTEST` characters are passed over.
    """
    global _hidden
    _hidden = Concealment(one for one in secrets if len(one.strip()) >= SHORTEST)


def conceal_environment(environ: Mapping[str, str]) -> None:
    """Hide what the variables for secrets hold, until a configuration says all there is."""
    conceal(environ[name] for name in VARIABLES if name in environ)


def concealed(text: str) -> str:
    """Return `text` as it may be shown."""
    return _hidden.text(text)


def concealed_bytes(data: bytes) -> bytes:
    """Return the bytes of some text as they may be written."""
    return _hidden.data(data)


class _ConcealingBytes(io.RawIOBase):
    """What takes the bytes of a stream, in whole pieces of text."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._stream.write(_hidden.data(bytes(data)))
        return len(data)

    def flush(self) -> None:
        self._stream.flush()


class ConcealingStream(io.TextIOBase):
    """A stream that takes the place of stdout or stderr, and shows no secret.

    A secret is found within one piece that is written, as `print` and logging write a text.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.buffer = _ConcealingBytes(stream.buffer)

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._stream.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        return self._stream.errors

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    def write(self, text: str) -> int:
        self._stream.write(_hidden.text(text))
        return len(text)

    def flush(self) -> None:
        self._stream.flush()

    def reconfigure(self, **how: Any) -> None:
        """Change how the stream below writes."""
        change: Callable[..., None] | None = getattr(self._stream, "reconfigure", None)
        if change is not None:
            change(**how)
