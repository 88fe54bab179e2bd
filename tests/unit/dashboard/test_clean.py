"""Nothing that a peer or a strategy writes can steer the terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.dashboard.clean import clean
from runner.dashboard.snapshot import LogLine
from tests.unit.dashboard.screens import BACKTEST, changed, shown


@pytest.mark.parametrize(
    ("dirty", "expected"),
    [
        ("plain · ünïcode 漢", "plain · ünïcode 漢"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]52;c;c3RlYWwgdGhlIGNsaXBib2FyZA==\x07after", "after"),
        ("\x1b]0;title\x1b\\after", "after"),
        ("\x1b]8;;http://example.com\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bP1$r0m\x1b\\after", "after"),
        ("\x1b[?1049l\x1b[2J\x1bcafter", "after"),
        ("\x9b31mred\x9d52;c;x\x9cafter", "redafter"),
        ("never ended \x1b]52;c;abc", "never ended "),
        ("a\tb\r\nc\x00\x07\x08d", "a b  cd"),
        ("right \u202eto left\u200b", "right to left"),
        ("half \ud800", "half ?"),
    ],
    ids=lambda value: None,
)
def test_sequences_controls_and_invisible_characters_go(dirty: str, expected: str) -> None:
    assert expected == clean(dirty)


@given(st.text(alphabet=st.sampled_from("\x1b\x9b\x9d[]P;?0123m\x07\\ab \n\u202e")))
def test_what_is_left_can_be_printed(text: str) -> None:
    assert clean(text).isprintable()


def test_O11_no_part_of_the_screen_lets_a_sequence_through() -> None:
    evil = "\x1b]52;c;ZXZpbA==\x07E\x1b[2JV\x1b[31mIL"
    facts = BACKTEST.facts
    snapshot = changed(
        BACKTEST,
        facts=changed(facts, strategy=evil, symbols=(evil,), params=((evil, evil),), source=evil),
        currency=evil,
        positions=tuple(changed(one, symbol=evil) for one in BACKTEST.positions),
        orders=tuple(
            changed(one, id=evil, symbol=evil, status=evil, kind=evil, side=evil, reason=evil)
            for one in BACKTEST.orders
        ),
        indicators=tuple(changed(one, name=evil) for one in BACKTEST.indicators),
        indicator_symbol=evil,
        log=(LogLine("print", evil), LogLine("error", evil)),
    )

    lines = shown(snapshot, 200, 50)

    assert "EVIL" in "".join(lines)
    assert all(line.isprintable() for line in lines)
