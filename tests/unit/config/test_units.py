"""Values are shown as a person would write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.config.units import (
    UnfitError,
    parse_duration,
    parse_moment,
    parse_rate,
    parse_speed,
    show_duration,
    show_moment,
    show_rate,
)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0s"),
        (0.0002, "200us"),
        (0.25, "250ms"),
        (1.5, "1500ms"),
        (10.0, "10s"),
        (90.0, "90s"),
        (300.0, "5m"),
        (86400.0, "24h"),
    ],
)
def test_a_duration_is_shown_in_its_largest_whole_unit(seconds: float, text: str) -> None:
    assert show_duration(seconds) == text


@given(st.integers(0, 10**9))
def test_a_shown_duration_reads_back(microseconds: int) -> None:
    seconds = microseconds / 1_000_000

    assert parse_duration(show_duration(seconds), low=0, high=10**9, zero=True) == seconds


@given(st.decimals(0, 99, places=6))
def test_a_shown_rate_reads_back(percent: object) -> None:
    fraction = parse_rate(f"{percent:f}%")

    assert parse_rate(show_rate(fraction)) == fraction


@given(st.datetimes() | st.dates(), st.booleans())
def test_a_shown_moment_reads_back(moment: object, end: bool) -> None:
    value = parse_moment(moment, end=end)

    assert parse_moment(show_moment(value, end=end), end=end) == value


@pytest.mark.parametrize(
    ("typed", "speed"),
    [
        ("max", "max"),
        ("realtime", "realtime"),
        ("20", "20/s"),
        (20, "20/s"),
        (" 20/s ", "20/s"),
        ("0.5x", "0.5x"),
        ("100x", "100x"),
    ],
)
def test_a_speed_is_read(typed: object, speed: str) -> None:
    assert speed == parse_speed(typed)


@pytest.mark.parametrize("typed", ["fast", "", None, "x", "/s", "-1x", "0x", "0", "1e3x", "step"])
def test_what_is_no_speed_is_refused(typed: object) -> None:
    with pytest.raises(UnfitError):
        parse_speed(typed)
