"""`validate-config` as a command: what it prints, and how it ends."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import NoReturn

import pytest
import typer
from typer.testing import CliRunner, Result

from runner.cli.validate_config import validate_config
from runner.config.problems import InvalidConfigError

STRATEGY = """
from runner import Strategy, param

class Quiet(Strategy):
    fast: int = param(10, ge=2, le=200)
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "quiet.py").write_text(STRATEGY)
    (tmp_path / "good.yaml").write_text("ui: none\nstrategy: quiet.py\n")
    (tmp_path / "bad.yaml").write_text("uii: none\nmax_events: 0\n")

    def refuse(*_: object) -> NoReturn:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)


def run(*arguments: str, env: dict[str, str] | None = None) -> Result:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(validate_config)
    return CliRunner().invoke(app, list(arguments), env=env)


def test_a_valid_file_ends_with_zero_and_a_table() -> None:
    done = run("good.yaml")

    assert done.exit_code == 0
    assert "good.yaml:1" in done.stdout
    assert done.stdout.endswith("good.yaml is valid\n")


def test_without_a_file_the_defaults_are_shown() -> None:
    done = run("--format", "json", env={"GATEWAY_URL": "http://h:1"})

    values = {row["key"]: row["value"] for row in json.loads(done.stdout)["values"]}
    assert (done.exit_code, values["runtime"], values["gateway.url"]) == (
        0,
        "gateway",
        "http://h:1",
    )


def test_flags_are_stronger_and_named() -> None:
    done = run(
        *("good.yaml", "-S", "quiet.py:Quiet", "-s", "S:AAPL:candle", "-s", "S:MSFT:quote"),
        *("-p", "fast=5", "--runtime", "engine", "--format", "json"),
    )

    rows = {row["key"]: (row["value"], row["origin"]) for row in json.loads(done.stdout)["values"]}
    assert rows["strategy"] == ("quiet.py:Quiet", "flag --strategy")
    assert rows["subscriptions"] == (["S:AAPL:candle", "S:MSFT:quote"], "flag --subscription")
    assert rows["params.fast"] == ("5", "flag --param fast")
    assert rows["runtime"] == ("engine", "flag --runtime")


def test_problems_propagate_to_the_one_place_that_prints_them() -> None:
    done = run("bad.yaml")

    assert isinstance(done.exception, InvalidConfigError)
    assert [one.key for one in done.exception.problems] == ["uii", "max_events"]
    assert done.stdout == ""


def test_problems_as_json_are_one_document_and_exit_three() -> None:
    done = run("bad.yaml", "--format", "json")

    document = json.loads(done.stdout)
    assert (done.exit_code, document["valid"]) == (3, False)
    assert [one["key"] for one in document["problems"]] == ["uii", "max_events"]


def test_a_strategy_that_cannot_be_loaded_exits_four() -> None:
    done = run("--strategy", "absent.py", "--format", "json")

    document = json.loads(done.stdout)
    assert (done.exit_code, document["valid"]) == (4, False)
    assert document["error"].startswith("E4")


def test_a_parameter_the_strategy_refuses_exits_three() -> None:
    done = run("good.yaml", "-p", "fast=1", "--format", "json")

    assert (done.exit_code, json.loads(done.stdout)["error"]) == (3, "E310")
