"""Which events a set of subscriptions admits."""

from __future__ import annotations

import pytest

from runner.protocol.admission import Subscription, SubscriptionFilter
from runner.protocol.messages import Candle, Connection, Quote


def candle(symbol: str, timeframe: str) -> Candle:
    return Candle(symbol, timeframe, 0, 1.0, 1.0, 1.0, 1.0, 0.0)


def quote(symbol: str) -> Quote:
    return Quote(symbol, 0, 1.0, 2.0, 1.0)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (candle("A", "1m"), True),
        (candle("A", "1d"), True),
        (candle("B", "5m"), True),
        (candle("B", "1m"), False),
        (candle("C", "1m"), False),
        (candle("D", "1m"), False),
        (quote("C"), True),
        (quote("A"), False),
        (Connection("CONNECTED"), True),
    ],
    ids=str,
)
def test_candles_and_quotes_are_admitted_by_symbol_type_and_timeframe(
    message: Candle | Quote | Connection, expected: bool
) -> None:
    subscriptions = SubscriptionFilter(
        [Subscription("A", "candle"), Subscription("B", "candle", "5m"), Subscription("C", "quote")]
    )

    assert expected is subscriptions.admits(message)


def test_no_subscription_admits_everything() -> None:
    subscriptions = SubscriptionFilter([])

    assert subscriptions.admits(candle("A", "1m"))
    assert subscriptions.admits(quote("A"))


def test_the_wildcard_admits_every_symbol_but_only_its_own_kind() -> None:
    subscriptions = SubscriptionFilter([Subscription("*", "candle", "5m")])

    assert subscriptions.admits(candle("A", "5m"))
    assert not subscriptions.admits(candle("A", "1m"))
    assert not subscriptions.admits(quote("A"))


def test_the_quote_wildcard_admits_every_quote() -> None:
    assert SubscriptionFilter([Subscription("*", "quote")]).admits(quote("A"))


def test_a_symbol_may_be_subscribed_at_two_timeframes() -> None:
    subscriptions = SubscriptionFilter(
        [Subscription("A", "candle", "1m"), Subscription("A", "candle", "1h")]
    )

    assert subscriptions.admits(candle("A", "1m"))
    assert subscriptions.admits(candle("A", "1h"))
    assert not subscriptions.admits(candle("A", "5m"))
