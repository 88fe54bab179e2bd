"""Curves as characters: exact on small ones, and never wider or higher than asked."""

from __future__ import annotations

import pytest

from runner.dashboard.charts import (
    ASCII,
    BLOCK,
    BRAILLE,
    Level,
    bar,
    curve_rows,
    depth_rows,
    drawdowns,
    glyphs_for,
    mark_row,
    resampled,
)

LEVELS: tuple[Level, ...] = ("braille", "block", "ascii")


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("braille", ["  ⢠⠜", "⣀⡰⠊ "]),
        ("block", ["  ▃█", "▁▆██"]),
        ("ascii", ["  **", "**| "]),
    ],
)
def test_a_rising_line(level: Level, expected: list[str]) -> None:
    assert expected == curve_rows([0.0, 1.0, 2.0, 3.0], 4, 2, level)


@pytest.mark.parametrize(
    ("level", "expected"), [("braille", " ⠘⠛⢻"), ("block", " ▀▀█"), ("ascii", " ''#")]
)
def test_depths_hang_from_the_top(level: Level, expected: str) -> None:
    assert [expected] == depth_rows([0.0, 1.0, 1.0, 2.0], 4, 1, level)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("values", [[], [1.0], [1.0, 1.0], [3.0, -2.0, 1e12, 0.1] * 50])
@pytest.mark.parametrize(("width", "height"), [(1, 1), (7, 3), (200, 1), (0, 5), (5, 0)])
def test_a_chart_has_the_size_that_was_asked_for(
    level: Level, values: list[float], width: int, height: int
) -> None:
    for rows in (
        curve_rows(values, width, height, level),
        depth_rows(drawdowns(values), width, height, level),
    ):
        assert len(rows) == (height if width else 0)
        assert all(len(row) == width for row in rows)


def test_marks_stand_under_their_moment_and_may_share_a_column() -> None:
    times = [0, 10, 20, 30]

    assert mark_row(times, [(0, True), (30, False)], 4, BRAILLE) == "▲  ▼"
    assert mark_row(times, [(10, True), (10, False)], 4, BRAILLE) == " ◆  "
    assert mark_row(times, [(99, True)], 4, ASCII) == "   ^"
    assert mark_row([], [(99, True)], 4, ASCII) == "    "


def test_a_drawdown_is_the_share_lost_since_the_peak() -> None:
    assert drawdowns([100.0, 200.0, 100.0, 150.0]) == [0.0, 0.0, 0.5, 0.25]
    assert drawdowns([0.0, -5.0]) == [0.0, 0.0]


def test_a_bar_is_never_longer_than_its_room() -> None:
    assert [bar(one, 4, ASCII) for one in (-1, 0.5, 1, 7)] == ["....", "##..", "####", "####"]


def test_more_values_than_columns_are_thinned_out_and_fewer_spread() -> None:
    assert resampled([0.0, 1.0, 2.0, 3.0], 2) == [0.0, 3.0]
    assert resampled([0.0, 1.0, 2.0], 5) == [0.0, 0.0, 1.0, 1.0, 2.0]
    assert resampled([0.0, 1.0, 2.0], 1) == [2.0]


@pytest.mark.parametrize(
    ("encoding", "environ", "expected"),
    [
        ("utf-8", {"LANG": "en_US.UTF-8", "TERM": "xterm"}, BRAILLE),
        ("UTF8", {}, BRAILLE),
        ("utf-8", {"LC_ALL": "C.UTF-8"}, BRAILLE),
        ("utf-8", {"LANG": "en_US.UTF-8", "TERM": "linux"}, BLOCK),
        ("utf-8", {"LC_ALL": "C", "LANG": "en_US.UTF-8"}, ASCII),
        ("utf-8", {"LANG": "POSIX"}, ASCII),
        ("ascii", {"LANG": "en_US.UTF-8"}, ASCII),
        (None, {}, ASCII),
    ],
    ids=str,
)
def test_characters_by_what_the_terminal_can_show(
    encoding: str | None, environ: dict[str, str], expected: object
) -> None:
    assert expected is glyphs_for(encoding, environ)
