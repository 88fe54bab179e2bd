"""Render a configuration with the origin of every value, or its problems, as text and as JSON.

Everything that leaves through here is masked where it is secret.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runner.config.fields import Shown
from runner.config.keys import all_keys
from runner.config.load import Loaded
from runner.config.problems import InvalidConfigError, Problem
from runner.errors import RunnerError

SCHEMA = "runner.validate-config/1"


def values_of(loaded: Loaded) -> list[tuple[str, Shown, str]]:
    """Return key, value as a person would write it, and origin, for every key in model order."""
    rows: list[tuple[str, Shown, str]] = []
    for key in all_keys().values():
        value: Any = loaded.config
        for attribute in key.attributes:
            value = getattr(value, attribute)
        shown = key.kind.display(value)
        if isinstance(shown, dict) and shown:
            for name, one in shown.items():
                full = f"{key.name}.{name}"
                rows.append((full, one, str(loaded.origins[full])))
        else:
            rows.append((key.name, shown, str(loaded.origins[key.name])))
    return rows


def as_table(loaded: Loaded, proxies: Mapping[str, str]) -> str:
    """Return a table of three columns, a note for each proxy, and the verdict."""
    rows = [("key", "value", "from")]
    rows += [(key, _cell(value), origin) for key, value, origin in values_of(loaded)]
    key_width, value_width = (max(len(row[column]) for row in rows) for column in (0, 1))
    lines = [f"{key:{key_width}}  {value:{value_width}}  {origin}" for key, value, origin in rows]
    lines += [f"note: {text}" for text in proxy_notes(proxies)]
    name = str(loaded.file) if loaded.file is not None else "the configuration"
    return "\n".join([*lines, f"{name} is valid"])


def proxy_notes(proxies: Mapping[str, str]) -> list[str]:
    """Return one sentence per proxy variable that is set."""
    return [
        f"{name}={value} is set; addresses of this machine are reached without a proxy"
        for name, value in proxies.items()
        if name.lower() != "no_proxy"
    ]


def as_document(loaded: Loaded, proxies: Mapping[str, str]) -> dict[str, Any]:
    """Return the JSON document of a valid configuration."""
    return {
        "schema": SCHEMA,
        "valid": True,
        "file": None if loaded.file is None else str(loaded.file),
        "values": [
            {"key": key, "value": value, "origin": origin}
            for key, value, origin in values_of(loaded)
        ],
        "proxies": dict(proxies),
        "problems": [],
    }


def problems_document(error: RunnerError) -> dict[str, Any]:
    """Return the JSON document of a configuration that is not valid, or of what else is wrong."""
    if isinstance(error, InvalidConfigError):
        problems: Sequence[Problem] = error.problems
    else:
        problems = [Problem(error.where, "", error.what, error.fix or error.why)]
    return {
        "schema": SCHEMA,
        "valid": False,
        "error": error.id,
        "problems": [
            {
                "where": one.where,
                "key": one.key,
                "what": one.what,
                "hint": one.hint,
                "line": one.line or None,
                "column": one.column or None,
                "line_text": one.line_text,
            }
            for one in problems
        ],
    }


def _cell(value: Shown) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "true" if value else "false"
        case list() | dict():
            return ", ".join(value) or "-"
        case _:
            return str(value)
