"""Keys by name, and a terminal given back as it was found."""

from __future__ import annotations

import os
import pty
import termios

import pytest

from runner.dashboard.keys import Keys, names_of


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"q", ["q"]),
        (b" \t\r", ["space", "tab", "enter"]),
        (b"\x1b[A\x1b[B\x1bOC\x1b[D", ["up", "down", "right", "left"]),
        (b"\x1b[5~\x1b[6~\x1b[Z", ["page up", "page down", "backtab"]),
        (b"\x1b", ["esc"]),
        (b"=_+-", ["+", "-", "+", "-"]),
        (b"\x1b[1;5Cq", ["q"]),
        (b"\x1b[200~", []),
        (b"\xff\xfeq", ["�", "�", "q"]),
        (b"\x00\x1a", ["ctrl-z"]),
        (b"\x1b[", []),
    ],
    ids=repr,
)
def test_names_of_keys(data: bytes, expected: list[str]) -> None:
    assert expected == names_of(data)


def test_a_terminal_that_is_not_ours_is_left_alone() -> None:
    near, far = pty.openpty()
    before = termios.tcgetattr(far)

    keys = Keys(far)

    assert not keys.open()
    assert keys.read() is None
    assert termios.tcgetattr(far) == before
    os.close(near)
    os.close(far)


def test_without_a_terminal_there_are_no_keys() -> None:
    assert not Keys(-1).open()
