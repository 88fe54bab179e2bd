"""Numbers and times at the bounds of the wire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from runner.protocol.decimals import exact, plain, plain_float
from runner.protocol.times import from_ms, iso, to_ms


@pytest.mark.parametrize(
    ("given", "expected"),
    [(0.1, "0.1"), ("1E-7", "1E-7"), (3, "3"), ("1E+28", "1E+28"), ("9" * 28, "9" * 28)],
)
def test_S17_a_number_within_bounds_is_kept_exactly(given: float | str, expected: str) -> None:
    assert Decimal(expected) == exact(given)


@pytest.mark.parametrize(
    "given", ["NaN", "sNaN", "-Infinity", "ten", "", "1E+29", "1E-29", "1E+5000000", "9" * 29, None]
)
def test_S17_X12_a_number_out_of_bounds_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match=r"not a number|finite|bounds|digits"):
        exact(given)


@pytest.mark.parametrize("given", ["0E-5000000", "0E+5000000", "-0.000"])
def test_X12_any_zero_is_plain_zero(given: str) -> None:
    assert plain(exact(given)) == "0"


@pytest.mark.parametrize(
    ("value", "text"),
    [("1E+3", "1000"), ("1E-7", "0.0000001"), ("1.500", "1.5"), ("-0", "0"), ("100", "100")],
)
def test_S17_decimals_are_written_without_exponent_or_idle_zeros(value: str, text: str) -> None:
    assert text == plain(Decimal(value))


@pytest.mark.parametrize(
    ("value", "text"), [(1e22, "1" + "0" * 22), (1e-7, "0.0000001"), (5.0, "5")]
)
def test_floats_are_written_without_exponent_or_idle_zeros(value: float, text: str) -> None:
    assert text == plain_float(value)


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2025, 1, 2, 14, 30, tzinfo=UTC), "2025-01-02T14:30:00Z"),
        (datetime(2025, 1, 2, 14, 30, 0, 250_000, tzinfo=UTC), "2025-01-02T14:30:00.250Z"),
        (datetime(2025, 1, 2, 14, 30, 0, 1, tzinfo=UTC), "2025-01-02T14:30:00.000001Z"),
        (datetime(2025, 1, 2, 9, 30, tzinfo=timezone(timedelta(hours=-5))), "2025-01-02T14:30:00Z"),
        (datetime(33, 4, 3, tzinfo=UTC), "0033-04-03T00:00:00Z"),
    ],
)
def test_times_are_written_in_utc_with_as_many_digits_as_they_need(
    moment: datetime, text: str
) -> None:
    assert text == iso(moment)
    assert moment == datetime.fromisoformat(text)


@pytest.mark.parametrize("milliseconds", [0, -1, 1_735_828_200_004, 253_402_300_799_999])
def test_milliseconds_survive_the_way_to_a_datetime_and_back(milliseconds: int) -> None:
    assert milliseconds == to_ms(from_ms(milliseconds))
