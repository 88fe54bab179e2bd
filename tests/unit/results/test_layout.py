"""What a page can show, and how text is fitted to it."""

from __future__ import annotations

import io

import pytest

from runner.results.layout import Page, is_terminal, sparkline


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def encoded(encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding)


def test_a_pipe_gets_80_columns_without_colour() -> None:
    page = Page.of(encoded("utf-8"), {"TERM": "xterm"})

    assert page == Page(width=80, color=False, unicode=True)


def test_a_pipe_that_is_not_utf_8_gets_ascii() -> None:
    assert not Page.of(encoded("ascii"), {}).unicode
    assert not Page.of(encoded("latin-1"), {}).unicode


@pytest.mark.parametrize(
    ("environ", "color"),
    [
        pytest.param({"TERM": "xterm"}, True, id="terminal"),
        pytest.param({"TERM": "xterm", "NO_COLOR": "1"}, False, id="NO_COLOR"),
        pytest.param({"TERM": "xterm", "NO_COLOR": ""}, True, id="NO_COLOR empty means nothing"),
        pytest.param({"TERM": "dumb"}, False, id="dumb"),
    ],
)
def test_only_a_terminal_that_wants_colour_gets_it(environ: dict[str, str], color: bool) -> None:
    assert color is Page.of(Terminal(), environ).color


def test_a_closed_stream_is_no_terminal() -> None:
    stream = io.StringIO()
    stream.close()

    assert not is_terminal(stream)


def test_control_characters_never_reach_the_page() -> None:
    assert Page().plain("a\x1b[31mb\nc") == "a [31mb c"


def test_without_unicode_every_character_is_ascii() -> None:
    assert Page(unicode=False).plain("a · b – é") == "a | b - ?"


def test_long_text_is_wrapped_under_its_label() -> None:
    lines = Page(width=40).wrap("one two three four five six seven eight", label="Note", indent=8)

    assert lines == ["Note    one two three four five six", "        seven eight"]


def test_styles_appear_only_with_colour() -> None:
    assert Page(color=True).style("x", "bold", "red") == "\x1b[1;31mx\x1b[0m"
    assert Page().style("x", "bold", "red") == "x"


@pytest.mark.parametrize(
    ("values", "width", "expected"),
    [
        pytest.param([1.0], 10, "", id="one point draws nothing"),
        pytest.param([1.0, 1.0, 1.0], 10, "▁▁▁", id="flat"),
        pytest.param([0.0, 1.0], 10, "▁█", id="up"),
        pytest.param([7.0, 0.0, 3.5, 7.0], 10, "█▁▅█", id="down and up"),
        pytest.param([float(i) for i in range(100)], 8, "▁▂▃▄▅▆▇█", id="sampled"),
    ],
)
def test_a_sparkline_spans_the_lowest_to_the_highest(
    values: list[float], width: int, expected: str
) -> None:
    assert expected == sparkline(values, width)
