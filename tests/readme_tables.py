"""The reference tables of the README, made from the code that they describe.

python -m tests.readme_tables      # rewrite them in README.md
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import typer.main

from runner import errors
from runner.cli.root import app
from runner.config.keys import GUIDE_VARIABLES, all_keys
from runner.config.schema import json_schema
from runner.engine.states import TRANSITIONS
from runner.metrics.figures import FIGURES

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"


def commands() -> str:
    """Return every command with what it does."""
    lines = ["| command | what it does |", "|---|---|"]
    root = typer.main.get_command(app)
    for name, command in root.commands.items():  # type: ignore[attr-defined]
        below = getattr(command, "commands", None)
        if below and command.invoke_without_command:
            lines.append(f"| `runner {name}` | {command.callback.__doc__.splitlines()[0]} |")
        for full, one in (
            [(f"{name} {inner}", two) for inner, two in below.items()]
            if below
            else [(name, command)]
        ):
            lines.append(f"| `runner {full}` | {one.help.splitlines()[0]} |")
    return "\n".join(lines)


def keys() -> str:
    """Return every key of the configuration with its variable, default and meaning."""
    guide = {path: name for name, path in GUIDE_VARIABLES.items()}
    schema = json_schema()
    lines = ["| key | variable | default | meaning |", "|---|---|---|---|"]
    for path, key in all_keys().items():
        node = schema
        for name in path:
            node = _resolved(schema, node)["properties"][name]
        default = f"`{_plain(node['default'])}`" if "default" in node else ""
        variable = guide.get(path, key.variable)
        lines.append(f"| `{key.name}` | `{variable}` | {default} | {node['description']} |")
    return "\n".join(lines)


def exits() -> str:
    """Return every exit code with what it means."""
    lines = [
        "| code | meaning |",
        "|---|---|",
        "| 0 | finished, or a live run was stopped cleanly |",
    ]
    seen = set()
    for one in vars(errors).values():
        if inspect.isclass(one) and issubclass(one, errors.RunnerError):
            if one.exit_code in seen:
                continue
            seen.add(one.exit_code)
            meaning = "an internal error: ours" if one is errors.RunnerError else _first(one)
            lines.append(f"| {one.exit_code} | {meaning} |")
    lines.append("| 130, 143 | stopped by SIGINT or SIGTERM, in good order |")
    lines.append("| 141 | the reader of the output has gone |")
    return "\n".join(lines)


def states() -> str:
    """Return every change of an order's state in the embedded engine."""
    lines = ["| from | event | to | when |", "|---|---|---|---|"]
    lines += [f"| {one.state} | `{one.event}` | {one.to} | {one.reason} |" for one in TRANSITIONS]
    return "\n".join(lines)


def metrics() -> str:
    """Return every figure of `/metrics` with its type, its label, and what it says."""
    lines = ["| metric | type | says |", "|---|---|---|"]
    for one in FIGURES:
        label = f"{{{one.label}}}" if one.label else ""
        where = " Over a wire only." if one.wire_only else ""
        lines.append(f"| `{one.name}{label}` | {one.kind} | {one.help}{where} |")
    return "\n".join(lines)


TABLES = {
    "commands": commands,
    "keys": keys,
    "exits": exits,
    "states": states,
    "metrics": metrics,
}


def rendered(text: str) -> str:
    """Return the README with its tables and quoted sources made anew."""
    for name, table in TABLES.items():
        pattern = rf"(<!-- table: {name} -->\n).*?(<!-- /table -->)"
        text = re.sub(pattern, lambda m, t=table: f"{m[1]}{t()}\n{m[2]}", text, flags=re.S)
    return re.sub(
        r"(<!-- source: (\S+) -->\n).*?(<!-- /source -->)",
        lambda m: f"{m[1]}```python\n{(ROOT / m[2]).read_text()}```\n{m[3]}",
        text,
        flags=re.S,
    )


def _resolved(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].rpartition("/")[2]]
    return node


def _first(one: type) -> str:
    line = (inspect.getdoc(one) or "").splitlines()[0].rstrip(".")
    return line[:1].lower() + line[1:]


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


if __name__ == "__main__":
    README.write_text(rendered(README.read_text()))
