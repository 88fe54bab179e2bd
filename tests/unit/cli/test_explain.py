"""`runner explain`: what is printed for one id, and for all."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner, Result

from runner.cli.explain import explain
from runner.errors import UsageError
from runner.explained import all_entries


def run(*arguments: str) -> Result:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(explain)
    return CliRunner().invoke(app, arguments)


def test_an_id_is_explained_in_lines_of_the_page() -> None:
    done = run("e401")

    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0] == "E401: The strategy's file cannot be used"
    assert lines[1] == "Exit code 4: the strategy cannot be loaded"
    assert [one for one in lines if one in ("Usual causes", "What to do", "Example")] == [
        "Usual causes",
        "What to do",
        "Example",
    ]
    assert max(map(len, lines)) <= 80


def test_without_an_id_all_are_listed_by_exit_code() -> None:
    done = run()

    assert all(f"  {id_} " in done.stdout for id_ in all_entries())
    assert "Exit code 10: the machine refused: disk full" in done.stdout


@pytest.mark.parametrize(("arguments", "count"), [(("E401",), 1), ((), len(all_entries()))])
def test_json_is_one_document(arguments: tuple[str, ...], count: int) -> None:
    document = json.loads(run(*arguments, "--json").stdout)

    assert document["schema"] == "runner.explain/1"
    assert len(document["errors"]) == count
    assert set(document["errors"][0]) == {
        "id", "title", "exit_code", "means", "causes", "fixes", "example"
    }  # fmt: skip


def test_an_unknown_id_is_an_error() -> None:
    error = run("E999").exception

    assert isinstance(error, UsageError)
    assert error.id == "E206"
