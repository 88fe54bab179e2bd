"""`runner data`: what is printed where, and what becomes of mistakes."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from runner.cli.data import data
from runner.cli.data_text import chart
from runner.errors import RunnerError
from runner.results.layout import Page
from tests.unit.engine.csv_files import days


def run(*arguments: object) -> Result:
    return CliRunner().invoke(data, [str(one) for one in arguments])


def failed(*arguments: object) -> RunnerError:
    result = run(*arguments)
    assert isinstance(result.exception, RunnerError)
    assert result.stdout == ""
    return result.exception


@pytest.fixture
def flawed(tmp_path: Path) -> Path:
    file = tmp_path / "flawed.csv"
    file.write_text(days(1, 3, 2, 2, 8) + "ragged\n2024-01-09T00:00:00Z,50,50,50,50,0\n")
    return file


def test_inspect_prints_a_table_and_a_chart(flawed: Path) -> None:
    result = run("inspect", flawed)

    assert (result.exit_code, result.stderr) == (0, "")
    table, chart = result.stdout.split("\n\n")
    assert table.splitlines() == [
        "File        flawed.csv",
        "Candles     5 of 1d",
        "Range       2024-01-01 to 2024-01-09, UTC",
        "Close       11 to 50, last 50",
        "Gaps        1, 2 candles missing in all, weekends left out:",
        "            2024-01-03 to 2024-01-08, 2 candles missing",
        "Duplicates  1 row; --dedupe helps",
        "Order       2 rows after a later one; --sort helps",
        "Bad rows    1 row that a run refuses; --skip-bad N helps",
        "            flawed.csv:7: the row has 1 columns, the header has 6: 'ragged'",
        "Suspicious  1 candle",
        "            2024-01-09 opens 355% above the close before",
        "Off grid    none",
        "No volume   1 candle",
        "No movement 1 candle of four equal prices",
    ]
    assert chart == "    █ 50\n" + "    █\n" * 4 + "▁▁▁▁█ 11\n"


def test_inspect_json_is_one_document_with_the_same_facts(flawed: Path) -> None:
    result = run("inspect", flawed, "--json")

    document = json.loads(result.stdout)
    assert document["schema"] == "runner.data/1"
    assert (document["candles"], document["timeframe"]) == (5, "1d")
    assert (document["first"], document["last"]) == ("2024-01-01T00:00:00Z", "2024-01-09T00:00:00Z")
    assert document["close"] == {"lowest": 11, "highest": 50, "last": 50}
    assert document["gaps"] == {
        "count": 1,
        "missing": 2,
        "weekends_left_out": True,
        "longest": [
            {"after": "2024-01-03T00:00:00Z", "before": "2024-01-08T00:00:00Z", "missing": 2}
        ],
    }
    assert document["duplicates"] == {"count": 1, "conflicting": 0}
    assert (document["out_of_order"], document["bad_rows"]["count"]) == (2, 1)
    assert document["suspicious"] == {
        "count": 1,
        "first": [{"time": "2024-01-09T00:00:00Z", "what": "opens 355% above the close before"}],
    }
    assert [document[key] for key in ("off_grid", "without_volume", "without_movement")] == [
        0,
        1,
        1,
    ]


def test_convert_makes_a_file_that_needs_no_repair(flawed: Path, tmp_path: Path) -> None:
    good = tmp_path / "good.csv.gz"

    result = run("convert", flawed, good, "--sort", "--dedupe", "--skip-bad", "1")

    assert (result.exit_code, result.stdout) == (0, "")
    assert "1 row of" in result.stderr
    assert f"wrote 5 candles to {good}" in result.stderr
    document = json.loads(run("inspect", good, "--json").stdout)
    assert (document["out_of_order"], document["duplicates"]["count"]) == (0, 0)
    assert document["bad_rows"]["count"] == 0


def test_convert_refuses_what_a_run_would_refuse(flawed: Path, tmp_path: Path) -> None:
    error = failed("convert", flawed, tmp_path / "new.csv")

    assert (error.id, error.where) == ("E354", f"{flawed}:7")
    assert not (tmp_path / "new.csv").exists()


def test_a_file_converts_there_and_back_unchanged(tmp_path: Path) -> None:
    names = [tmp_path / one for one in ("a.csv", "a.csv.zst", "a.parquet", "a.csv.gz", "b.csv")]
    assert run("sample", names[0], "--candles", "300", "--timeframe", "5m").exit_code == 0

    for before, after in pairwise(names):
        assert run("convert", before, after, "--quiet").stderr == ""

    assert names[-1].read_bytes() == names[0].read_bytes()


def test_sample_is_decided_by_its_seed(tmp_path: Path) -> None:
    first, second, third = (tmp_path / f"{one}.csv" for one in "abc")
    for file, seed in ((first, 1), (second, 1), (third, 2)):
        assert run("sample", file, "--candles", 20, "--seed", seed).exit_code == 0

    assert first.read_bytes() == second.read_bytes() != third.read_bytes()
    assert len(first.read_text().splitlines()) == 21


MISTAKES = {
    "no file": (("inspect", "absent.csv"), "E351"),
    "bad mapping": (("inspect", "{file}", "--columns", "when=Date"), "E205"),
    "no such column": (("inspect", "{file}", "--columns", "time=When"), "E353"),
    "unknown form": (("convert", "{file}", "new.feather"), "E203"),
    "there already": (("convert", "{file}", "{file}"), "E204"),
    "unknown timeframe": (("sample", "new.csv", "--timeframe", "7m"), "E205"),
}


@pytest.mark.parametrize(("arguments", "id"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_has_an_id_and_writes_nothing(
    flawed: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], id: str
) -> None:
    monkeypatch.chdir(flawed.parent)

    assert failed(*(one.format(file="flawed.csv") for one in arguments)).id == id
    assert [one.name for one in flawed.parent.iterdir()] == ["flawed.csv"]


def test_a_file_may_be_replaced_by_itself_with_force(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text(days(2, 1))

    assert run("convert", file, file, "--sort", "--force").exit_code == 0
    assert file.read_text() == days(1, 2)


@pytest.mark.parametrize("command", ["inspect", "convert", "sample"])
def test_every_help_ends_in_an_example(command: str) -> None:
    last = run(command, "--help").stdout.strip().splitlines()[-1]

    assert last.strip().startswith(f"Example: runner data {command} ")


def test_a_chart_is_plain_ascii_where_that_is_all_there_is() -> None:
    lines = chart([1, 2, 3, 4, 5, 6, 7, 8], Page(unicode=False), height=1)

    assert lines == ["._-=*+#@ 8 1"]


@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_chart_fits_its_page(width: int) -> None:
    lines = chart([float(one % 97) for one in range(5000)], Page(width=width))

    assert len(lines) == 6
    assert max(map(len, lines)) <= width


@pytest.mark.parametrize("values", [[], [1.0]])
def test_too_few_values_draw_nothing(values: list[float]) -> None:
    assert chart(values, Page()) == []


def test_a_flat_curve_is_drawn_at_the_bottom() -> None:
    assert chart([3.0, 3.0], Page(), height=2) == ["   3", "▁▁ 3"]


def test_quotes_are_made_up_inspected_and_converted(tmp_path: Path) -> None:
    file, packed = tmp_path / "made.csv", tmp_path / "made.csv.gz"

    made = run("sample", file, "--quotes", 3, "--seed", 2)
    converted = run("convert", file, packed)
    shown = run("inspect", packed)
    document = json.loads(run("inspect", packed, "--json").stdout)

    assert made.stderr.startswith(f"wrote 3 quotes to {file}, 2024-01-01T00:00:00Z to ")
    assert converted.stderr.startswith(f"wrote 3 quotes to {packed}, ")
    assert [line.split()[0] for line in shown.stdout.split("\n\n")[0].splitlines()] == [
        *("File", "Quotes", "Range", "Middle", "Spread", "Sizes", "Pause"),
        *("Duplicates", "Order", "Bad", "Suspicious", "Locked"),
    ]
    assert (document["quotes"], document["has_sizes"], document["locked"]) == (3, True, 0)
    assert list(document["spread"]) == ["median", "widest"]


@pytest.mark.parametrize("other", [("--candles", 5), ("--timeframe", "1h")])
def test_quotes_and_candles_are_not_made_up_together(
    tmp_path: Path, other: tuple[str, object]
) -> None:
    error = failed("sample", tmp_path / "made.csv", "--quotes", 3, *other)

    assert (error.id, error.exit_code) == ("E205", 2)
    assert not list(tmp_path.iterdir())
