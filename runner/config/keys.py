"""The keys of the configuration as a flat table, derived from the model.

A key is a path of names: `("data", "from")` is `data.from` in messages, `RUNNER_DATA__FROM` in the
environment, and `from:` below `data:` in a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel

from runner.config.fields import Kind
from runner.config.models import RunConfig

Path = tuple[str, ...]

PREFIX = "RUNNER_"
NESTING = "__"

GUIDE_VARIABLES: dict[str, Path] = {
    "ENGINE_WS_URL": ("engine", "ws_url"),
    "ENGINE_REST_URL": ("engine", "rest_url"),
    "GATEWAY_URL": ("gateway", "url"),
    "GATEWAY_API_KEY": ("gateway", "api_key"),
    "SUBSCRIPTIONS": ("subscriptions",),
}
"""Variables whose names the peers' documentation promises; they work beside the prefixed ones."""

FLAGS: dict[Path, str] = {
    ("strategy",): "--strategy",
    ("subscriptions",): "--subscription",
    ("params",): "--param",
    ("data", "path"): "--data",
    ("data", "quotes"): "--quotes-data",
    ("data", "from"): "--from",
    ("data", "to"): "--to",
    ("engine", "resume"): "--resume",
    ("log", "format"): "--log-format",
    ("log", "level"): "--verbose",
    ("metrics", "listen"): "--metrics",
    ("exchange", "commission", "rate"): "--commission",
    ("exchange", "slippage", "rate"): "--slippage",
    ("records", "enabled"): "--record",
    ("records", "events"): "--record",
}
"""Flags that are not called like the last part of their key."""
ANY_KEY = "set"
"""The flag that sets any key, by its dotted name."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key: where it stands, what it holds, and the attribute of the model behind it."""

    path: Path
    kind: Kind
    attributes: Path

    @property
    def name(self) -> str:
        return dotted(self.path)

    @property
    def variable(self) -> str:
        return PREFIX + NESTING.join(self.path).upper()


def dotted(path: Path) -> str:
    """Return a path as it appears in messages: `data.from`."""
    return ".".join(path)


def flag_name(path: Path) -> str:
    """Return the flag that sets a key: its own, or the last part of the key with dashes."""
    if path[0] == "params":
        return FLAGS[("params",)]
    return FLAGS.get(path) or "--" + path[-1].replace("_", "-")


@cache
def all_keys() -> dict[Path, Key]:
    """Return every key by its path, in the order of the model."""
    return {key.path: key for key in _keys_of(RunConfig, (), ())}


@cache
def sections() -> frozenset[Path]:
    """Return the paths of all groups of keys; the root is the empty path."""
    return frozenset(path[:depth] for path in all_keys() for depth in range(len(path)))


def secrets_of(config: RunConfig) -> list[str]:
    """Return the values of all keys that must never be shown."""
    found: list[str] = []
    for key in all_keys().values():
        if key.kind.secret:
            value: Any = config
            for attribute in key.attributes:
                value = getattr(value, attribute)
            if value is not None:
                found.append(value.get_secret_value())
    return found


def names_in(section: Path) -> list[str]:
    """Return the names that may stand directly in a section."""
    depth = len(section)
    below = (path[depth] for path in all_keys() if path[:depth] == section)
    return list(dict.fromkeys(below))


def _keys_of(model: type[BaseModel], path: Path, attributes: Path) -> list[Key]:
    found: list[Key] = []
    for attribute, field in model.model_fields.items():
        here = (*path, field.alias or attribute)
        behind = (*attributes, attribute)
        annotation: Any = field.annotation
        kind = next((one for one in field.metadata if isinstance(one, Kind)), None)
        if kind is not None:
            found.append(Key(here, kind, behind))
        else:
            found += _keys_of(annotation, here, behind)
    return found
