"""From what a strategy writes to an exact quantity."""

from __future__ import annotations

from decimal import Decimal
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.protocol.decimals import MAX_DIGITS, plain
from runner.strategy.sizing import exact_quantity, quantity_step, worth


@pytest.mark.parametrize(
    ("given_number", "expected"),
    [
        (10, "10"),
        (0.1 + 0.2, "0.3"),
        (0.1, "0.1"),
        (1e-9, "0.000000001"),
        (100.0, "100"),
        (1e27, "1" + "0" * 27),
        ("0.10", "0.1"),
        (Decimal("1E+2"), "100"),
        (Decimal("1E-7"), "0.0000001"),
        (-5, "-5"),
        (0, "0"),
    ],
)
def test_S17_a_quantity_is_freed_of_noise_and_exponents(
    given_number: object, expected: str
) -> None:
    quantity = exact_quantity(given_number)  # type: ignore[arg-type]

    assert plain(quantity) == expected
    assert "E+" not in str(quantity)


@pytest.mark.parametrize(
    "number",
    [
        nan, inf, -inf, "nan", "Infinity", "", "ten", "1,5", None,
        Decimal("NaN"), Decimal("sNaN"), Decimal("1E+5000000"), Decimal("1E-5000000"),
        "1" * 30, Decimal("0." + "3" * 30), 1e300,
    ],
)  # fmt: skip
def test_S17_what_no_peer_could_read_is_refused(number: object) -> None:
    with pytest.raises(ValueError):
        exact_quantity(number)  # type: ignore[arg-type]


@given(st.one_of(st.decimals(), st.floats(), st.integers(), st.text(max_size=12)))
def test_S17_a_quantity_is_refused_or_goes_over_the_wire_as_it_is(number: object) -> None:
    try:
        quantity = exact_quantity(number)  # type: ignore[arg-type]
    except ValueError:
        return

    text = plain(quantity)

    assert Decimal(text) == quantity
    assert "e" not in text.lower()
    assert len(quantity.as_tuple().digits) <= MAX_DIGITS


@given(st.decimals(min_value="1E-20", max_value="1E+20", allow_nan=False).map(abs))
def test_S17_a_decimal_is_never_rounded(number: Decimal) -> None:
    try:
        quantity = exact_quantity(number)
    except ValueError:
        assert len(number.as_tuple().digits) > MAX_DIGITS or abs(number.adjusted()) > 28
        return

    assert quantity == number


@pytest.mark.parametrize(
    ("symbol", "step"),
    [("S:AAPL", "1"), ("AAPL", "1"), ("F:EURUSD", "1"), ("C:BTCUSD", "0.0001")],
)
def test_computed_quantities_have_a_step_by_class(symbol: str, step: str) -> None:
    assert quantity_step(symbol) == Decimal(step)


@pytest.mark.parametrize(
    ("value", "price", "step", "expected"),
    [
        (1000, 100, "1", "10"),
        (1099, 100, "1", "10"),
        (99, 100, "1", "0"),
        (0.3, 0.1, "1", "3"),
        (1000, 30_000, "0.0001", "0.0333"),
        (0, 100, "1", "0"),
    ],
    ids=["exact", "rounded down", "too little", "no step lost to noise", "crypto", "nothing"],
)
def test_a_value_is_worth_whole_steps(value: float, price: float, step: str, expected: str) -> None:
    assert worth(value, price, Decimal(step)) == Decimal(expected)


@pytest.mark.parametrize(
    ("value", "price"), [(nan, 1.0), (inf, 1.0), (1.0, 0.0), (1.0, nan), (1.0, -1.0), (1.0, inf)]
)
def test_S17_a_value_that_cannot_be_sized_is_refused(value: float, price: float) -> None:
    with pytest.raises(ValueError, match="cannot size"):
        worth(value, price, Decimal(1))


@given(
    value=st.floats(min_value=0, max_value=1e9),
    price=st.floats(min_value=0.01, max_value=1e6),
    step=st.sampled_from([Decimal(1), Decimal("0.0001")]),
)
def test_a_worth_is_affordable_and_one_step_more_is_not(
    value: float, price: float, step: Decimal
) -> None:
    quantity = worth(value, price, step)

    slack = 1e-6 * price * float(step) + 1e-9 * value
    assert float(quantity) * price <= value + slack
    assert float(quantity + step) * price > value - slack
    assert quantity % step == 0
