"""A terminal's other screen, read back through an emulator of one."""

from __future__ import annotations

import os
import pty
import select
import termios
from collections.abc import Iterator
from fcntl import ioctl
from struct import pack

import pyte
import pytest
from rich.text import Text

from runner.dashboard.pane import Size
from runner.dashboard.screen import Screen


class Terminal:
    """Both ends of a terminal of 20 by 5, and what it shows."""

    def __init__(self) -> None:
        self.near, self.far = pty.openpty()
        ioctl(self.far, termios.TIOCSWINSZ, pack("HHHH", 5, 20, 0, 0))
        self.emulator = pyte.Screen(20, 5)
        self.stream = pyte.ByteStream(self.emulator)
        self.raw = b""

    def show(self) -> list[str]:
        while select.select([self.near], [], [], 0.05)[0]:
            data = os.read(self.near, 65_536)
            self.raw += data
            self.stream.feed(data)
        return [line.rstrip() for line in self.emulator.display]


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal()
    yield made
    os.close(made.near)
    os.close(made.far)


def lines(*texts: str) -> list[list[Text]]:
    return [[Text(one, "bold red")] for one in texts]


def test_only_the_lines_that_changed_are_drawn(terminal: Terminal) -> None:
    screen = Screen(terminal.far, {})
    screen.enter()
    screen.draw(lines("one", "two", "three"), Size(20, 5))
    assert terminal.show() == ["one", "two", "three", "", ""]

    terminal.raw = b""
    screen.draw(lines("one", "2"), Size(20, 5))

    assert terminal.show() == ["one", "2", "", "", ""]
    assert b"one" not in terminal.raw
    assert b"\x1b[1;31m2" in terminal.raw


def test_a_full_last_column_stays_and_nothing_below_the_screen_is_drawn(terminal: Terminal) -> None:
    screen = Screen(terminal.far, {})
    screen.enter()

    screen.draw(lines("x" * 20, *"abcdefgh"), Size(20, 5))

    assert terminal.show() == ["x" * 20, "a", "b", "c", "d"]


def test_what_else_was_written_is_drawn_over_without_a_blank_screen(terminal: Terminal) -> None:
    screen = Screen(terminal.far, {})
    screen.enter()
    screen.draw(lines("x" * 20, "two"), Size(20, 5))
    os.write(terminal.far, b"\x1b[1;1Hsomething else\x1b[4;1Hand more")
    terminal.show()
    terminal.raw = b""

    screen.draw(lines("x" * 20, "two"), Size(20, 5), afresh=True)

    assert terminal.show() == ["x" * 20, "two", "", "", ""]
    assert b"\x1b[2J" not in terminal.raw


def test_no_color_keeps_what_is_bold(terminal: Terminal) -> None:
    screen = Screen(terminal.far, {"NO_COLOR": "1"})
    screen.enter()

    screen.draw(lines("one"), Size(20, 5))

    assert terminal.show()[0] == "one"
    assert b"\x1b[1mone" in terminal.raw


def test_the_screen_is_left_once_with_cursor_and_wrapping(terminal: Terminal) -> None:
    screen = Screen(terminal.far, {})
    screen.leave()
    screen.enter()
    terminal.show()
    terminal.raw = b""

    screen.leave()
    screen.leave()

    terminal.show()
    assert terminal.raw == b"\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l"


def test_a_terminal_that_is_gone_is_an_error_to_draw_on_and_none_to_leave(
    terminal: Terminal,
) -> None:
    reader, writer = os.pipe()
    screen = Screen(writer, {})
    screen.enter()
    os.close(reader)

    with pytest.raises(OSError, match="pipe"):
        screen.draw(lines("one"), Size(20, 5))
    screen.leave()
    os.close(writer)
