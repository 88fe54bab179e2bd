"""The JSON document: its keys, its number formats, its thinning, and what makes it the same."""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from runner import __version__
from runner.errors import ConfigError
from runner.results.document import (
    MAX_POINTS,
    encode_document,
    encode_failure,
    thin,
    to_document,
    to_summary,
)
from runner.results.result import RunResult, StrategyFacts
from tests.helpers import series
from tests.unit.results.strategies import Idle, InAndOut, result

GOLDEN = Path(__file__).parents[2] / "golden"


def read(made: RunResult) -> dict[str, Any]:
    """Return the document as somebody reads it who has only the bytes."""
    found = json.loads(encode_document(made), parse_constant=pytest.fail)
    assert isinstance(found, dict)
    return found


def test_the_document_is_the_golden_one(golden: Callable[[Path, str], None]) -> None:
    made = replace(
        result(InAndOut, series(100.0, 101.0, (99.5, 102.0, 99.0, 101.25))),
        seconds=0.25,
        started=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    )

    text = encode_document(made).decode().replace(f'"{__version__}"', '"0.0.0"', 1)

    golden(GOLDEN / "run_document.json", text)


def test_the_keys_of_the_document_come_in_a_fixed_order() -> None:
    assert list(read(result())) == [
        "schema", "version", "digest", "strategy", "runtime", "data", "ending", "error",
        "statistics", "open_positions", "orders", "working_orders", "rejections", "notices",
        "warnings", "no_trades", "gates", "conventions", "trades", "equity", "run",
    ]  # fmt: skip


def test_the_summary_is_the_document_without_its_two_long_lists() -> None:
    made = result()
    document = to_document(made)
    del document["trades"], document["equity"]

    assert to_summary(made) == document


def test_decimals_are_text_without_an_exponent() -> None:
    made = result()
    trade = replace(made.trades[0], quantity=Decimal("1E+3"), price=Decimal("1E-7"))

    (first, *_) = read(replace(made, trades=(trade,)))["trades"]

    assert (first["quantity"], first["price"]) == ("1000", "0.0000001")


def test_times_are_rfc_3339_in_utc() -> None:
    document = read(result())

    assert document["data"]["first"] == "2024-01-01T00:00:00Z"
    assert document["trades"][0]["time"] == "2024-01-02T00:00:00Z"
    assert document["equity"]["times"][-1] == "2024-01-09T00:00:00Z"


def test_what_is_not_defined_is_null_and_never_nan() -> None:
    made = result(Idle, series())
    broken = replace(made, statistics=replace(made.statistics, sharpe=float("nan")))

    document = read(broken)

    assert document["statistics"]["sharpe"] is None
    assert document["statistics"]["win_rate"] is None
    assert document["data"]["first"] is None
    assert document["equity"] == {"points": 0, "sampled": False, "times": [], "values": []}


def test_params_of_any_type_can_be_written() -> None:
    params = {"a": Decimal("0.50"), "b": (1, None), "c": float("inf"), "d": Path("x"), "e": True}
    made = replace(result(), strategy=StrategyFacts("S", "s.py", params))

    assert read(made)["strategy"]["params"] == {
        "a": "0.5", "b": [1, None], "c": None, "d": "x", "e": True,
    }  # fmt: skip


def test_text_that_is_not_unicode_does_not_break_the_document() -> None:
    made = replace(result(), strategy=StrategyFacts("S", "caf\udce9.py"))

    assert read(made)["strategy"]["source"] == "caf?.py"


def test_an_error_stands_in_the_document_with_its_four_parts() -> None:
    error = ConfigError("what", where="where", why="why", fix="fix", id="E399")

    assert read(replace(result(), error=error))["error"] == {
        "id": "E399", "what": "what", "where": "where", "why": "why", "fix": "fix",
    }  # fmt: skip


def test_a_run_that_could_not_begin_has_a_document_too() -> None:
    document = json.loads(encode_failure(ConfigError("what", id="E399")))

    assert document["ending"] == {"why": "failed", "confirmed": False, "exit_code": 3}
    assert document["error"]["id"] == "E399"


def test_the_same_run_gives_the_same_document_but_for_the_wall_clock() -> None:
    one, other = to_document(result(seconds=1.0)), to_document(result(seconds=2.0))

    assert one.pop("run") != other.pop("run")
    assert one == other


@pytest.mark.parametrize(
    ("points", "most", "expected"),
    [
        pytest.param(0, 3, [], id="none"),
        pytest.param(3, 3, [0, 1, 2], id="as many as may be"),
        pytest.param(4, 3, [0, 1, 3], id="one too many"),
        pytest.param(101, 3, [0, 50, 100], id="first, middle, last"),
    ],
)
def test_a_curve_is_thinned_evenly_with_both_ends(
    points: int, most: int, expected: list[int]
) -> None:
    assert expected == thin(points, most)


def test_a_long_curve_is_sampled_and_says_so() -> None:
    points = MAX_POINTS * 3
    long = replace(
        result(),
        times=array("q", range(0, points * 60_000, 60_000)),
        equities=array("d", map(float, range(points))),
    )

    equity = to_document(long)["equity"]

    assert (equity["points"], equity["sampled"]) == (points, True)
    assert len(equity["times"]) == len(equity["values"]) == MAX_POINTS
    assert (equity["values"][0], equity["values"][-1]) == (0.0, points - 1.0)
