"""The result as a person sees it: golden pages, and what must hold on every page."""

from __future__ import annotations

import io
import re
from array import array
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from runner.errors import StrategyFailed
from runner.results.conventions import peer_conventions
from runner.results.layout import Page
from runner.results.result import (
    EndingFacts,
    NoticeFacts,
    PositionFacts,
    RejectionFacts,
    RunResult,
    RuntimeFacts,
    StrategyFacts,
)
from runner.results.text import render_text, write_text
from tests.helpers import AAPL, MSFT, series
from tests.unit.results.strategies import Idle, result

GOLDEN = Path(__file__).parents[2] / "golden"
LONG = "a long sentence that goes on and on without saying anything " * 4


def eventful() -> RunResult:
    """Return a result in which everything happened that a report can mention."""
    made = result(data=series(*[100.0, 103.0, 99.0, 104.0, 95.0, 107.0, 101.0, 98.0] * 12))
    return replace(
        made,
        statistics=replace(made.statistics, financing=Decimal("-12.345")),
        runtime=RuntimeFacts("engine", ("ws://127.0.0.1:8081", "http://127.0.0.1:8080")),
        conventions=peer_conventions("engine"),
        open_positions=(PositionFacts(AAPL, Decimal(-3), Decimal("98.25"), 98.0, 0.75),),
        working_orders=2,
        rejections=(
            RejectionFacts("INSUFFICIENT_MARGIN", 3, "12 S:AAPL at 100 needs more margin"),
        ),
        notices=(NoticeFacts("MARGIN_CALL", 2, "the account's margin is short"),),
        warnings=("the end is not confirmed",),
    )


RESULTS: dict[str, Callable[[], RunResult]] = {
    "quiet": lambda: result(),
    "eventful": eventful,
    "no_trades": lambda: result(Idle),
    "broken_off": lambda: replace(
        result(),
        ending=EndingFacts("failed", confirmed=False, exit_code=5),
        error=StrategyFailed("on_candle raised ValueError: no", id="E501"),
    ),
}
PAGES = {
    "80": Page(80),
    "80_ascii": Page(80, unicode=False),
    "44": Page(44),
    "120": Page(120),
}


@pytest.mark.parametrize("name", RESULTS)
def test_the_text_at_80_columns_is_the_golden_one(
    name: str, golden: Callable[[Path, str], None]
) -> None:
    golden(GOLDEN / f"run_{name}.txt", render_text(RESULTS[name](), Page(80)) + "\n")


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
@pytest.mark.parametrize("name", RESULTS)
def test_no_line_is_wider_than_the_page_and_none_ends_in_blanks(name: str, page: Page) -> None:
    lines = render_text(RESULTS[name](), page).splitlines()

    # The command to copy is the one line that may be longer than a narrow page.
    for line in lines:
        assert len(line) <= page.width or line.startswith("Next")
        assert line == line.rstrip()


@pytest.mark.parametrize("name", RESULTS)
def test_without_unicode_the_text_is_ascii(name: str) -> None:
    render_text(RESULTS[name](), Page(unicode=False)).encode("ascii")


def test_colour_changes_nothing_but_the_colour() -> None:
    colored = render_text(eventful(), Page(color=True))

    assert "\x1b[" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == render_text(eventful(), Page())


def test_text_of_others_cannot_steer_the_terminal() -> None:
    evil = "\x1b[2Jgone\r\n"
    made = replace(
        eventful(),
        strategy=StrategyFacts(evil, evil, {evil: evil}),
        warnings=(evil,),
        notices=(NoticeFacts(evil, 1, evil),),
        rejections=(RejectionFacts(evil, 1, evil),),
    )

    assert "\x1b" not in render_text(made, Page())
    assert "\r" not in render_text(made, Page())


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_long_texts_and_large_numbers_fit_every_page(page: Page) -> None:
    made = replace(
        eventful(),
        strategy=StrategyFacts("S", "s.py", {f"parameter_{i}": 10**i for i in range(12)}),
        warnings=(LONG,),
        no_trades=(LONG,),
        equities=array("d", [1e15, 2e15]),
    )

    lines = render_text(made, page).splitlines()

    assert all(len(line) <= page.width for line in lines if not line.startswith("Next"))


def test_a_result_without_a_single_point_is_a_page_all_the_same() -> None:
    text = render_text(result(Idle, series()), Page())

    assert "0 candles" in text
    assert "no candle arrived" in text


def test_without_a_suggestion_the_next_command_can_be_typed_as_it_stands() -> None:
    made = replace(result(), strategy=StrategyFacts("S", "my file.py", {"fast": 5}))

    (line,) = [one for one in render_text(made).splitlines() if one.startswith("Next")]

    assert line.removeprefix("Next").strip() == "runner run 'my file.py' --json"


def test_buy_and_hold_is_the_mean_of_the_symbols_from_first_close_to_last() -> None:
    two = [series(100, 110, symbol=AAPL), series(50, 50, 40, symbol=MSFT)]

    assert result(Idle, two).buy_and_hold == pytest.approx((0.10 - 0.20) / 2)


def test_a_next_command_that_was_given_is_shown_instead() -> None:
    assert "Next        runner engine serve" in render_text(
        replace(result(), next_command="runner engine serve")
    )


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_the_text_can_be_written_to_a_pipe_of_any_encoding(encoding: str) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)

    write_text(eventful(), stream, {})

    assert raw.getvalue().decode(encoding).startswith("InAndOut  size=10\n")


def test_the_record_and_the_digest_are_named_where_there_is_one() -> None:
    made = replace(result(), record="20260131-kqzm", digest="0123456789abcdef" * 4)

    assert (
        "Record      20260131-kqzm (runner runs show 20260131-kqzm), digest 0123456789ab"
        in render_text(made)
    )
    assert "Record" not in render_text(result())
