"""`runner replay`: the same run again, an edited one, and step by step."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from runner.cli.root import app
from runner.errors import RunnerError
from tests.unit.records.making import IN_AND_OUT, run_in, shelf_of


@pytest.fixture(autouse=True)
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def recorded(tmp_path: Path) -> str:
    """Return the id of a run whose events were kept."""
    return run_in(tmp_path, **{"records.events": "true"}).record


def replay(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, ["replay", *arguments], input=typed)


def failed(*arguments: str) -> RunnerError:
    result = replay(*arguments)
    assert isinstance(result.exception, RunnerError), result.exception
    return result.exception


def test_the_recorded_source_does_the_same_even_after_an_edit(
    recorded: str, tmp_path: Path
) -> None:
    (tmp_path / "in_and_out.py").write_text("nothing of use")

    result = replay("last")

    assert result.exit_code == 0
    assert result.stdout.startswith(f"InAndOut does what {recorded} did: ")
    assert "requests\n" in result.stdout


def test_an_edited_strategy_is_told_where_it_parts(recorded: str, tmp_path: Path) -> None:
    (tmp_path / "edited.py").write_text(
        IN_AND_OUT.replace("self.size,", "self.size + (candle.close > 31.5),")
    )

    result = replay(recorded, "--strategy", "edited.py")

    assert result.exit_code == 8
    first, then, now, _ = result.stdout.splitlines()
    assert f"does not do what {recorded} did" in first
    assert then == "  then  BUY 10 S:AAPL MARKET"
    assert now == "  now   BUY 11 S:AAPL MARKET"


def test_another_parameter_is_a_difference_from_the_first_order_on(recorded: str) -> None:
    result = replay("last", "-p", "size=12", "--json")

    document = json.loads(result.stdout)
    assert result.exit_code == 8
    assert document["schema"] == "runner.replay/1"
    assert document["id"] == recorded
    assert document["difference"]["event"] == 1
    assert document["difference"]["recorded"]["quantity"] == "10"
    assert document["difference"]["asked"]["quantity"] == "12"


def test_step_shows_every_event_with_what_was_asked_for(recorded: str) -> None:
    result = replay("last", "--step", typed="\n\n")

    lines = result.stdout.splitlines()
    assert lines[0].strip().startswith("0  start  [equity 100,000.00; flat]")
    assert "Candle S:AAPL 1d close" in lines[1]
    assert lines[2] == "        -> BUY 10 S:AAPL MARKET"
    assert "does what" in lines[-1]  # nobody there to ask any more: it goes on by itself


def test_step_is_left_with_q_and_goes_many_steps_with_a_number(recorded: str) -> None:
    result = replay("last", "--step", typed="\n10\nq\n")

    assert result.stdout.splitlines()[-1].endswith("; left there")
    numbers = [line.split()[0] for line in result.stdout.splitlines()[:-1] if "->" not in line]
    assert numbers == [str(number) for number in range(12)]


def test_a_run_without_its_events_cannot_be_held_again(tmp_path: Path) -> None:
    run_in(tmp_path)

    assert failed("last").id == "E395"


@pytest.mark.parametrize(
    ("arguments", "id"),
    [
        (("last", "--strategy", "no_such.py"), "E401"),
        (("last", "-p", "size"), "E221"),
        (("last", "-p", "sise=5"), "E310"),
        (("nope",), "E390"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_mistake_has_an_id(recorded: str, arguments: tuple[str, ...], id: str) -> None:
    error = failed(*arguments)

    assert error.id == id


def test_a_tape_that_was_cut_off_is_replayed_as_far_as_it_goes(
    recorded: str, tmp_path: Path
) -> None:
    file = shelf_of(tmp_path).folder(recorded) / "events.jsonl.gz"
    file.write_bytes(file.read_bytes()[:1000])

    result = replay("last")

    assert result.exit_code == 0
    assert "there the record ends: the run was cut off" in result.stdout
