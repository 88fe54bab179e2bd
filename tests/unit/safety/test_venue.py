"""Real money or not, by what a gateway says."""

from __future__ import annotations

from decimal import Decimal

import pytest

from runner.safety import Limits, Venue
from runner.safety.limits import LIVE_DEFAULTS
from runner.safety.venue import has_size


@pytest.mark.parametrize(
    ("platforms", "is_paper"),
    [
        (("mock",), True),
        (("alpaca-paper",), True),
        (("binance-coin-futures-testnet",), True),
        (("oanda-practice", "saxo-sim"), True),
        (("tektii",), True),
        (("embedded",), True),
        (("saxo-live",), False),
        (("mock", "saxo-live"), False),
        (("paper",), False),
        ((), False),
    ],
)
def test_only_what_is_known_to_be_paper_is(platforms: tuple[str, ...], is_paper: bool) -> None:
    assert Venue(platforms, "USD").is_paper is is_paper


def test_the_name_of_an_account_does_not_depend_on_the_order_of_platforms() -> None:
    assert Venue(("b", "a"), "EUR").name == Venue(("a", "b"), "EUR").name == "a+b/EUR"
    assert Venue((), "USD").name == "unknown/USD"


def test_the_defaults_of_live_replace_nothing_that_is_set() -> None:
    limits = Limits(max_drawdown=Decimal("0.5")).with_defaults_of_live()

    assert limits.max_drawdown == Decimal("0.5")
    unset = {name: one for name, one in LIVE_DEFAULTS.items() if name != "max_drawdown"}
    assert {name: getattr(limits, name) for name in unset} == unset


def test_no_default_is_a_size() -> None:
    assert not has_size(Limits().with_defaults_of_live())
    assert has_size(Limits(max_order_quantity=Decimal(1)))
