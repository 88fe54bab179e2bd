"""The digest of a run: runs with the same digest give the same result, to the last digit.

It covers the strategy's file and class, the author's modules that it imports, its parameters, the
bytes of the data files (or, against a peer, its address), the subscriptions, the settings that the
result depends on, the seed, and the version of the program. It does not cover installed packages,
the machine, or what is merely shown. Only the standard library may be imported here.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

WITHOUT_EFFECT = (
    "connection.",
    "data.path",
    "data.quotes",
    "engine.",
    "fail_on",  # gates judge a result, they do not change it
    "gateway.",
    "log.",
    "metrics.",
    "params",
    "records.",
    "require_orders",
    "runtime",
    "speed",
    "strategy",
    "subscriptions",
    "timeout",
    "trust",
    "ui",
)
"""Keys, or their beginnings, that say how to run and not what: or that the digest covers by other
means. A new key has an effect until it is listed here."""


def settings_that_matter(values: Mapping[str, object]) -> dict[str, object]:
    """Return the settings by key without those that leave the result as it is."""
    return {key: one for key, one in values.items() if not key.startswith(WITHOUT_EFFECT)}


def run_digest(
    *,
    version: str,
    strategy: str,
    sha256: str,
    params: Mapping[str, str],
    subscriptions: Sequence[str],
    data: str,
    settings: Mapping[str, object],
    modules: Mapping[str, str] | None = None,
) -> str:
    """Return the digest as 64 hexadecimal digits."""
    facts: dict[str, object] = {
        "version": version,
        "strategy": [strategy, sha256],
        "params": dict(params),
        "subscriptions": list(subscriptions),
        "data": data,
        "settings": dict(settings),
    }
    if modules:
        facts["modules"] = dict(modules)
    return hashlib.sha256(_canonical(facts)).hexdigest()


def peer_digest(runtime: str, addresses: Sequence[str]) -> str:
    """Return a digest of what is known of a peer's data beforehand: where it comes from."""
    return hashlib.sha256(_canonical({"runtime": runtime, "peers": list(addresses)})).hexdigest()


class FilesDigest:
    """The digest of data files, computed beside the run: hashing leaves the interpreter free."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = list(files)
        self._digest: str | None = None
        self._thread = threading.Thread(target=self._compute, name="data digest", daemon=True)
        self._thread.start()

    def result(self) -> str | None:
        """Wait for the digest and return it; None if a file cannot be read any more."""
        self._thread.join()
        return self._digest

    def _compute(self) -> None:
        parts = []
        try:
            for one in self._files:
                with one.open("rb") as file:
                    parts.append(hashlib.file_digest(file, "sha256").hexdigest())
        except OSError:
            return
        self._digest = hashlib.sha256(_canonical(parts)).hexdigest()


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
