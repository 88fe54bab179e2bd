"""Values are shown as a person would write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.config.units import (
    parse_duration,
    parse_moment,
    parse_rate,
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
