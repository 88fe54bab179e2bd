"""`runner strategies`: what is printed where, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from runner.cli.strategies import strategies

LOUD = '''
from runner import Strategy, param

print("loading")

class Loud(Strategy):
    """Say it."""

    fast: int = param(10, ge=2, le=20, help="candles")
'''


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Result:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(strategies)
    return CliRunner().invoke(app, arguments)


def test_what_a_module_prints_is_no_part_of_the_list() -> None:
    Path("loud.py").write_text(LOUD)

    done = run("loud.py")

    assert done.exit_code == 0
    assert done.stderr == "loading\n"
    assert done.stdout.splitlines() == [
        "ok    loud.py",
        "      Say it.",
        "        fast=10  candles  (>= 2, <= 20)",
    ]


def test_one_that_cannot_run_is_explained_and_makes_the_exit_code_4() -> None:
    Path("broken.py").write_text("def (:")

    done = run("broken.py")

    assert done.exit_code == 4
    assert done.stdout.startswith("FAIL  broken.py\n        error[E410]: the strategy is not valid")


def test_json_is_one_document() -> None:
    Path("loud.py").write_text(LOUD)

    document = json.loads(run("loud.py", "no.py", "--json").stdout)

    assert document["schema"] == "runner.strategies/1"
    good, bad = document["strategies"]
    assert (good["name"], good["class"], good["ok"]) == ("loud.py", "Loud", True)
    assert good["params"] == {
        "fast": {"default": 10, "type": "int", "bounds": ">= 2, <= 20", "help": "candles"}
    }
    assert (bad["ok"], bad["problem"]["error"]) == (False, "E401")


def test_nothing_found_is_said_with_a_way_out() -> None:
    assert "runner new my_strategy.py" in run().stdout


def test_a_configuration_stands_for_the_strategy_it_names_with_its_parameters() -> None:
    Path("loud.py").write_text(LOUD)
    Path("good.yaml").write_text("strategy: loud.py\nparams: {fast: 12}\n")
    Path("bad.yml").write_text("strategy: loud.py\nparams: {fast: 1}\n")
    Path("none.yaml").write_text("seed: 3\n")
    Path("odd.yaml").write_text("strateggy: loud.py\n")

    good, bad, none, odd = json.loads(
        run("good.yaml", "bad.yml", "none.yaml", "odd.yaml", "--json").stdout
    )["strategies"]

    assert (good["name"], good["strategy"], good["class"]) == ("good.yaml", "loud.py", "Loud")
    assert [one["problem"]["error"] if one["problem"] else None for one in (good, bad, none)] == [
        None,
        "E310",
        "E202",
    ]
    assert "strateggy" in run("odd.yaml").stdout
    assert odd["ok"] is False
    assert run("good.yaml").stdout.splitlines()[0] == "ok    good.yaml  (loud.py)"
