"""Every command's help ends in an example that works, and says what each option is for."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from runner.cli.root import app

ROOT = typer.main.get_command(app)


def commands(node: Any = ROOT, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every command and group, the root's own being empty."""
    yield path
    for name, below in getattr(node, "commands", {}).items():
        yield from commands(below, (*path, name))


def at(path: tuple[str, ...]) -> Any:
    node: Any = ROOT
    for name in path:
        node = node.commands[name]
    return node


ALL = pytest.mark.parametrize("path", list(commands()), ids=lambda path: " ".join(path) or "runner")


@ALL
def test_help_ends_in_an_example_of_that_command(path: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "200", "TERM": "dumb"})

    assert done.exit_code == 0
    last = done.stdout.rstrip().splitlines()[-1].strip()
    assert last.startswith(" ".join(("Example: runner", *path)))


@ALL
def test_the_example_is_understood(path: tuple[str, ...]) -> None:
    words = shlex.split(at(path).epilog.removeprefix("Example: "))[1:]
    node: Any = ROOT
    while words and words[0] in getattr(node, "commands", {}):
        node = node.commands[words.pop(0)]

    node.make_context("runner", words, resilient_parsing=False)


@ALL
def test_every_option_says_what_it_is_for(path: tuple[str, ...]) -> None:
    silent = [one.name for one in at(path).params if not getattr(one, "help", None)]

    assert silent == []
