"""`runner runs`: the list, one run, two runs, and what becomes of mistakes."""

from __future__ import annotations

import json
from array import array
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from runner.cli.root import app
from runner.errors import RunnerError
from runner.records.lines import EQUITY, Failure
from runner.records.points import Points, encode_points
from tests.unit.records.making import (
    IN_AND_OUT,
    MOMENT,
    end_of,
    put,
    run_in,
    shelf_of,
    trade_line,
)


@pytest.fixture(autouse=True)
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["runs", *(str(one) for one in arguments)])


def failed(*arguments: object) -> RunnerError:
    result = run(*arguments)
    assert isinstance(result.exception, RunnerError), result.exception
    assert result.stdout == ""
    return result.exception


def printed(*arguments: object) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.exception
    return result.stdout


def document(*arguments: object) -> Any:
    return json.loads(printed(*arguments, "--json"))


def listed(*arguments: object) -> list[str]:
    lines = printed(*arguments).splitlines()
    assert lines[0].split("\t")[0] == "id"
    return [line.split("\t")[0] for line in lines[1:]]


@pytest.fixture
def three(tmp_path: Path) -> list[str]:
    """Return the ids of three runs, the oldest first."""
    shelf = shelf_of(tmp_path)
    ends = (
        end_of(),
        end_of("failed", exit_code=5, error=Failure("E501", "on_candle raised")),
        end_of("interrupted", exit_code=130),
    )
    return [
        put(
            shelf,
            started=MOMENT + timedelta(days=day),
            end=end,
            trades=[trade_line(number) for number in range(1, 5 - day)],
        )[0].id
        for day, end in enumerate(ends)
    ]


def test_the_list_has_the_latest_run_first(three: list[str]) -> None:
    assert listed() == three[::-1]


@pytest.mark.parametrize(
    ("arguments", "places"),
    [
        (("--status", "complete"), [0]),
        (("--status", "failed"), [1]),
        (("--since", "2026-02-01"), [2, 1]),
        (("--strategy", "SOME"), [2, 1, 0]),
        (("--strategy", "other"), []),
        (("--sort", "trades"), [0, 1, 2]),
        (("--sort", "trades", "--limit", "1"), [0]),
        (("--limit", "0"), [2, 1, 0]),
    ],
    ids=lambda value: " ".join(value) if value and isinstance(value[0], str) else None,
)
def test_the_list_is_filtered_sorted_and_cut(
    three: list[str], arguments: tuple[str, ...], places: list[int]
) -> None:
    assert listed(*arguments) == [three[place] for place in places]


def test_tags_are_given_shown_filtered_and_taken_away(three: list[str]) -> None:
    printed("tag", three[0], "good", "v1")
    printed("tag", three[1], "v1")

    assert listed("--tag", "good") == [three[0]]
    assert listed("--tag", "v1") == [three[1], three[0]]
    assert document("--tag", "good")["runs"][0]["tags"] == ["good", "v1"]

    printed("tag", three[0], "good", "--remove")

    assert listed("--tag", "good") == []


def test_a_note_is_kept_replaced_and_shown(three: list[str]) -> None:
    printed("note", three[0], "first")
    printed("note", three[0], "second\tand \x1b[31m more")

    assert "Note        second and  [31m more" in printed("show", three[0])
    assert document("show", three[0])["note"] == "second\tand \x1b[31m more"


def test_without_runs_the_list_is_empty_and_says_how_to_begin() -> None:
    result = run()

    assert (result.exit_code, result.stdout.count("\n")) == (0, 1)
    assert "no runs yet" in result.stderr
    assert document() == {"schema": "runner.runs/1", "runs": []}
    assert not (Path.cwd() / ".runner").exists()


def test_show_tells_what_ran_how_it_ended_and_its_figures(tmp_path: Path) -> None:
    result = run_in(tmp_path, params=["size=20"])

    text = printed("show", "last")

    assert f"Run         {result.record}" in text
    assert "Strategy    InAndOut size=20" in text
    assert "Command     runner run in_and_out.py" in text
    assert "complete after" in text
    assert str(result.digest)[:12] in text
    assert "Maximum drawdown" in text
    assert "data.to=2000-04-30" in text


def test_show_tells_of_a_run_that_died_what_it_had(tmp_path: Path) -> None:
    _, hold = put(shelf_of(tmp_path), trades=[trade_line(1), trade_line(2)])

    assert "running, as process" in printed("show", "last")
    assert document("show", "last")["pid"] is not None

    hold.release()

    text = printed("show", "last")
    assert "Status      died" in text
    assert "Up to then  0 orders and 2 trades" in text
    assert document("show", "last")["status"] == "died"


def test_show_tells_of_the_error_that_ended_a_run(three: list[str]) -> None:
    assert "Error       E501: on_candle raised" in printed("show", three[1])


def test_diff_shows_settings_source_figures_and_trades(tmp_path: Path) -> None:
    one = run_in(tmp_path).record
    edited = IN_AND_OUT.replace("else:", "elif candle.time % 7:")
    other = run_in(tmp_path, edited, params=["size=11"]).record

    text = printed("diff", one, other, "--limit", "3")

    assert "params.size\t10\t11" in text
    assert "-        else:" in text
    assert "realized_pnl" in text
    assert "already the first differ" in text
    assert "2000-03-02\tS:AAPL\tBUY\t10 at" in text
    found = document("diff", one, other)
    assert found["schema"] == "runner.diff/1"
    assert found["first"]["before"]["quantity"] == "10"


def test_diff_of_a_run_with_its_repetition_says_that_they_are_the_same(tmp_path: Path) -> None:
    one, other = run_in(tmp_path).record, run_in(tmp_path).record

    lines = printed("diff", one, other).splitlines()

    assert lines[0].startswith("the digests are the same")
    assert [line.rpartition(": ")[2] for line in lines[1:4]] == ["the same"] * 3
    assert lines[4].startswith("Trades: the same, ")


def test_export_writes_to_stdout_or_to_a_file(three: list[str], tmp_path: Path) -> None:
    text = printed("export", three[0])

    assert text.splitlines()[0].startswith("id,time,symbol,side")
    assert text.count("\n") == 5
    for form, name in (("csv", "a.csv"), ("json", "a.json"), ("parquet", "a.parquet")):
        assert printed("export", three[0], "--format", form, "--output", name) == ""
    assert (tmp_path / "a.csv").read_text() == text
    assert len(json.loads((tmp_path / "a.json").read_text())["trades"]) == 4
    assert (tmp_path / "a.parquet").read_bytes()[:4] == b"PAR1"


def test_rm_removes_what_is_named_and_nothing_else(three: list[str]) -> None:
    result = run("rm", three[0], "last")

    assert result.exit_code == 0
    assert "removed" in result.stderr
    assert listed() == [three[1]]


def test_C15_a_run_that_goes_on_is_not_removed(tmp_path: Path) -> None:
    import os

    record, hold = put(shelf_of(tmp_path))

    error = failed("rm", record.id)

    assert (error.id, error.exit_code) == ("E1024", 10)
    assert str(os.getpid()) in error.what
    assert record.folder.exists()
    hold.release()


@pytest.mark.parametrize(
    ("arguments", "id", "code"),
    [
        (("show", "zzzz"), "E390", 3),
        (("show", "../../etc/passwd"), "E390", 3),
        (("diff", "last", "a b"), "E390", 3),
        (("show", "2026"), "E391", 3),
        (("tag", "last", "two words"), "E393", 3),
        (("tag", "last", "x" * 41), "E393", 3),
        (("note", "last", "x" * 1001), "E393", 3),
        (("export", "last", "--format", "parquet"), "E220", 2),
        (("export", "last", "--output", "no/such/folder.csv"), "E1023", 10),
        (("--since", "yesterday"), "E375", 3),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, tuple) else None,
)
def test_a_mistake_has_an_id_and_a_code(
    three: list[str], arguments: tuple[str, ...], id: str, code: int
) -> None:
    error = failed(*arguments)

    assert (error.id, error.exit_code) == (id, code)
    assert len(error.lines()) <= 6


def test_records_in_another_directory_are_found_by_name_or_by_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = run_in(tmp_path, **{"records.dir": "elsewhere"})

    assert listed() == []
    assert listed("--dir", "elsewhere") == [result.record]
    monkeypatch.setenv("RUNNER_RECORDS__DIR", "elsewhere")
    assert listed() == [result.record]


def test_points_that_were_left_out_of_a_curve_are_told(tmp_path: Path) -> None:
    record, _ = put(shelf_of(tmp_path), end=end_of())
    thinned = Points(0, 4, array("q", [0, 4000]), array("d", [1.0, 2.0]))
    (record.folder / EQUITY).write_bytes(encode_points(thinned))

    assert "every 4th point only" in printed("show", record.id)
    assert "every 4th point only" in run("export", record.id, "--table", "equity").stderr
    assert run("export", record.id, "--table", "trades").stderr == ""
