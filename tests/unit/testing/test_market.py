"""Candles from a few words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import UsageError
from runner.testing import candles


@pytest.mark.parametrize(
    ("text", "closes"),
    [
        ("flat 3", [100, 100, 100]),
        ("up 2", [101, 102.01]),
        ("up 2 by 2%", [102, 104.04]),
        ("up 2 by 0.5", [100.5, 101]),
        ("down 2", [99, 98.01]),
        ("down 2 by 5", [95, 90]),
        ("gap -5%, flat 2", [95, 95]),
        ("gap +2.50, flat 1", [102.5]),
        ("at 50, flat 1", [50]),
        ("to 120 in 4", [105, 110, 115, 120]),
        ("flat 1, to 97 in 3, flat 1", [100, 99, 98, 97, 97]),
        ("UP 1\n  down  1 by 1,\n", [101, 100]),
        ("up 1 by 1, down 1 by 1, " * 2, [101, 100, 101, 100]),
    ],
    ids=lambda value: value.replace("\n", " ") if isinstance(value, str) else None,
)
def test_a_text_gives_its_closes(text: str, closes: list[float]) -> None:
    assert list(candles(text).closes) == closes


def test_a_candle_opens_where_the_one_before_closed_except_after_a_gap() -> None:
    made = candles("up 2 by 1, gap -10%, down 1 by 1")

    assert list(made.opens) == [100, 101, 91.8]
    assert list(made.highs) == [101, 102, 91.8]
    assert list(made.lows) == [100, 101, 90.8]


def test_candles_follow_each_other_without_a_pause() -> None:
    made = candles("flat 3", timeframe="1h", symbol="C:BTCUSD", volume=7, start=5)

    assert [one - made.times[0] for one in made.times] == [0, 3_600_000, 7_200_000]
    assert (made.symbol, list(made.volumes), list(made.closes)) == ("C:BTCUSD", [7] * 3, [5] * 3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there are no candles"),
        (" , ", "there are no candles"),
        ("upp 3", "did you mean up?"),
        ("3 up", "'3' is not a movement"),
        ("up", "write up 3, up 3 by 2%"),
        ("up 0", "write up 3"),
        ("up 3 by -2%", "write up 3"),
        ("flat 3 by 2%", "flat moves by nothing"),
        ("gap", "write gap -5%"),
        ("to 120", "write to 120 in 10"),
        ("to 120 in 0", "write to 120 in 10"),
        ("down 3 by 40", "the price would be -20"),
        ("gap -100%, flat 1", "the price would be 0"),
        ("to 0 in 2", "the price would be 0"),
        ("flat 3, gap 5%", "no candle follows"),
        ("flat 999999999", "more than 1,000,000 candles"),
        ("up 999999 by 99999%", "the price would be inf"),
    ],
)
def test_what_cannot_be_read_is_said_with_a_way_out(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        candles(text)

    assert said in str(caught.value)
    assert caught.value.id == "E210"
    assert len(caught.value.lines()) <= 6


def test_a_wrong_start_or_timeframe_is_said() -> None:
    with pytest.raises(UsageError, match="the price would be -1"):
        candles("flat 3", start=-1)
    with pytest.raises(UsageError, match="was '7m'"):
        candles("flat 3", timeframe="7m")


WORDS = st.sampled_from(
    [
        "flat",
        "up",
        "down",
        "gap",
        "at",
        "to",
        "in",
        "by",
        ",",
        "\n",
        "3",
        "0",
        "-5%",
        "1.5",
        "x",
        "²",
    ]
)


@given(st.one_of(st.text(max_size=40), st.lists(WORDS, max_size=12).map(" ".join)))
def test_any_text_gives_whole_candles_or_says_what_is_wrong(text: str) -> None:
    try:
        made = candles(text)
    except UsageError:
        return

    assert len(made) > 0
    assert all(0 < low <= high for low, high in zip(made.lows, made.highs, strict=True))
    assert all(
        min(both) == low and max(both) == high
        for *both, low, high in zip(made.opens, made.closes, made.lows, made.highs, strict=True)
    )
