"""Panes yield in the order of their rank, and no line is ever wider than the screen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from runner.dashboard.charts import ASCII, BLOCK, BRAILLE, Glyphs
from runner.dashboard.layout import chosen_rows, screen_lines
from runner.dashboard.pane import Size
from runner.dashboard.panels import PANES
from runner.dashboard.snapshot import LogLine, OrderRow, Trading
from runner.dashboard.view import View, disarmed, looked
from tests.unit.dashboard.screens import BACKTEST, LIVE, changed, shown

LONG = changed(
    BACKTEST,
    facts=changed(BACKTEST.facts, strategy="漢字" * 60, symbols=("字" * 90,)),
    orders=tuple(
        OrderRow(
            f"r-{n}", f"{n} " + "字" * 30, "BUY", 1e12, 0, "LIMIT", 1e9, "OPEN", True, "理由" * 99
        )
        for n in range(60)
    ),
    log=tuple(LogLine("print", f"line {n} " + "字" * 99) for n in range(500)),
)


@given(
    st.integers(0, 230),
    st.integers(0, 70),
    st.sampled_from([BACKTEST, LIVE, LONG]),
    st.sampled_from([BRAILLE, BLOCK, ASCII]),
    st.builds(
        View,
        focus=st.none() | st.integers(0, len(PANES) - 1),
        scroll=st.integers(0, 600),
        has_help=st.booleans(),
    ),
)
def test_no_size_makes_a_line_too_wide_or_a_screen_too_high(
    width: int, height: int, snapshot: object, glyphs: Glyphs, view: View
) -> None:
    lines = shown(snapshot, width, height, glyphs, view)  # type: ignore[arg-type]

    assert len(lines) <= height
    assert all(cell_len(line) <= width for line in lines)


@pytest.mark.parametrize("focus", range(len(PANES)))
@pytest.mark.parametrize("height", [16, 17, 18, 19, 30, 31])
def test_a_pane_in_focus_never_makes_a_narrow_screen_too_high(height: int, focus: int) -> None:
    lines = shown(LONG, 60, height, BRAILLE, View(focus=focus))

    assert len(lines) <= height
    assert any(f"> {PANES[focus].name} <" in line for line in lines)


def names(width: int, height: int, view: View | None = None) -> list[list[str]]:
    return [[one.name for one in row] for row in chosen_rows(width, height, view or View())]


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (
            200,
            46,
            [["Equity", "Positions", "Strategy"], ["Orders", "Log", "Connection"]],
        ),
        (200, 14, [["Equity", "Positions"]]),
        (120, 36, [["Equity", "Positions"], ["Orders", "Strategy"], ["Log", "Connection"]]),
        (80, 20, [["Equity", "Positions"], ["Orders", "Strategy"]]),
        (80, 10, [["Equity", "Positions"]]),
        (60, 16, [["Equity"], ["Positions"]]),
        (59, 40, []),
        (120, 5, []),
    ],
)
def test_the_panes_of_a_size(width: int, height: int, expected: list[list[str]]) -> None:
    assert expected == names(width, height)


def test_the_pane_in_focus_takes_the_last_place_where_it_has_none() -> None:
    assert names(80, 20, View(focus=4)) == [["Equity", "Positions"], ["Orders", "Log"]]


def test_a_log_rests_at_its_end_and_scrolls_back() -> None:
    end = shown(LONG, 120, 40)
    back = shown(LONG, 120, 40, view=View(focus=4, scroll=300))  # each takes three lines
    far = shown(LONG, 120, 40, view=View(focus=4, scroll=10_000))

    assert any("line 499" in line for line in end)
    assert not any("line 499" in line for line in back)
    assert any("line 399" in line for line in back)
    assert any("line 0 " in line for line in far)


def test_a_table_keeps_its_heading_when_it_is_scrolled() -> None:
    scrolled = shown(LONG, 120, 40, view=View(focus=2, scroll=20))

    heading = next(at for at, line in enumerate(scrolled) if "Orders" in line) + 1
    assert "symbol" in scrolled[heading]
    assert " 20 字" in scrolled[heading + 1]


def test_without_keys_the_last_line_says_how_to_stop() -> None:
    assert shown(BACKTEST, 80, 24, has_keys=False)[-1] == "Ctrl-C stops the run"


def test_a_held_picture_says_so() -> None:
    held = looked(View(), "space")

    assert "the picture is held" in shown(LIVE, 80, 24, view=held)[-1]
    assert not looked(held, "space").is_held


def test_tab_goes_round_all_panes_and_back() -> None:
    view = View()
    for _ in PANES:
        view = looked(view, "tab")
    assert view.focus == len(PANES) - 1
    assert looked(view, "tab").focus == 0
    assert looked(View(), "backtab").focus == len(PANES) - 1
    assert looked(view, "esc").focus is None


def test_up_moves_away_from_the_rest_of_a_log_and_back_to_that_of_a_table() -> None:
    assert looked(View(focus=4), "up").scroll == 1
    assert looked(View(focus=2), "down").scroll == 1
    assert looked(View(focus=2), "up").scroll == 0
    assert looked(View(focus=2, scroll=3), "x") == View(focus=2, scroll=3)


def test_the_key_that_halts_asks_for_itself_again_and_any_other_takes_it_back() -> None:
    armed = looked(View(), "K")

    assert armed.is_armed
    assert not looked(armed, "tab").is_armed
    assert not disarmed(armed).is_armed


@pytest.mark.parametrize(("width", "height"), [(120, 40), (40, 10)], ids=["panes", "one line"])
def test_a_halt_is_red_and_said_in_words(width: int, height: int) -> None:
    halted = changed(LIVE, trading=Trading("HALTED", "a key pulled the kill switch"))

    lines = screen_lines(halted, Size(width, height))[:2]

    parts = [part for line in lines for part in line if "!! HALTED" in part.plain]
    styles = [str(part.style) for part in parts] + [
        str(span.style) for part in parts for span in part.spans
    ]
    assert any("on red" in one for one in styles)
