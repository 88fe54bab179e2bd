"""SUBSCRIPTIONS in both spellings: what is read, and what each problem says."""

from __future__ import annotations

import json

import pytest

from runner.protocol.enums import TIMEFRAME_MS
from runner.protocol.subscriptions import (
    Subscription,
    SubscriptionError,
    format_subscriptions,
    parse_subscriptions,
)


def entry(*events: str, instrument: str = "F:EURUSD", platform: str = "tektii") -> str:
    return json.dumps([{"platform": platform, "instrument": instrument, "events": events}])


GOOD = {
    "one-candle": ("S:AAPL:candle", "S:AAPL:candle"),
    "one-quote": ("S:AAPL:quote", "S:AAPL:quote"),
    "crypto": ("C:BTCUSD:candle", "C:BTCUSD:candle"),
    "several": ("S:AAPL:candle,S:AAPL:quote,C:BTCUSD:candle",) * 2,
    "timeframe": ("S:AAPL:candle_5m", "S:AAPL:candle_5m"),
    "two-timeframes": ("S:AAPL:candle_5m,S:AAPL:candle_1h",) * 2,
    "with-and-without-timeframe": ("S:AAPL:candle,S:AAPL:candle_1h",) * 2,
    "colon-in-the-middle": ("EURUSD:FXSPOT:candle", "EURUSD:FXSPOT:candle"),
    "three-colons": ("X:Y:Z:quote", "X:Y:Z:quote"),
    "no-class": ("AAPL:candle", "AAPL:candle"),
    "slash": ("BTC/USD:quote", "BTC/USD:quote"),
    "underscore": ("EUR_USD:candle_1m", "EUR_USD:candle_1m"),
    "dot-dash-caret-equals": ("BRK.B:quote,A-B:quote,^GSPC:quote,ES=F:quote",) * 2,
    "symbol-called-candle": ("S:candle:candle", "S:candle:candle"),
    "lower-case-symbol": ("s:aapl:candle", "s:aapl:candle"),
    "wildcard": ("*:candle_1d", "*:candle_1d"),
    "empty": ("", ""),
    "blanks": (" \t\n", ""),
    "only-commas": (",, ,", ""),
    "trailing-comma": ("S:AAPL:candle,", "S:AAPL:candle"),
    "leading-comma": (",S:AAPL:candle", "S:AAPL:candle"),
    "double-comma": ("S:AAPL:candle,,S:MSFT:candle", "S:AAPL:candle,S:MSFT:candle"),
    "blanks-around-items": (" S:AAPL:candle ,\n\tS:MSFT:quote ", "S:AAPL:candle,S:MSFT:quote"),
    "duplicate": ("S:AAPL:candle,S:MSFT:quote,S:AAPL:candle", "S:AAPL:candle,S:MSFT:quote"),
    "longest-symbol": ("X" * 50 + ":quote", "X" * 50 + ":quote"),
    "json-candle": (entry("candle_5m"), "F:EURUSD:candle_5m"),
    "json-candles-dot": (entry("candles.5m"), "F:EURUSD:candle_5m"),
    "json-any-candle": (entry("candle_*"), "F:EURUSD:candle"),
    "json-bar": (entry("bar"), "F:EURUSD:candle"),
    "json-bars-folded": (entry("bars", "bar", "candle_*"), "F:EURUSD:candle"),
    "json-quote": (entry("quote"), "F:EURUSD:quote"),
    "json-quotes": (entry("quotes", "quote"), "F:EURUSD:quote"),
    "json-everything": (entry("*"), "F:EURUSD:candle,F:EURUSD:quote"),
    "json-wildcard-instrument": (entry("quote", instrument="*"), "*:quote"),
    "json-with-order-events": (
        entry("candle_1m", "order_update", "orders", "position_update", "positions"),
        "F:EURUSD:candle_1m",
    ),
    "json-with-trade-and-account-events": (
        entry("trade_update", "trades", "account_update", "quote"),
        "F:EURUSD:quote",
    ),
    "json-mock-platform": (entry("quote", platform="mock"), "F:EURUSD:quote"),
    "json-empty": ("[]", ""),
    "json-after-blanks": (" \n " + entry("quote") + "\n", "F:EURUSD:quote"),
    "json-unknown-key": (
        '[{"platform":"mock","instrument":"X","events":["quote"],"note":1}]',
        "X:quote",
    ),
}


@pytest.mark.parametrize(("text", "expected"), GOOD.values(), ids=GOOD.keys())
def test_C11_subscriptions_of_either_grammar_are_read(text: str, expected: str) -> None:
    found = parse_subscriptions(text)

    assert expected == format_subscriptions(found)
    assert found == parse_subscriptions(expected)


BAD = {
    "no-event-type": ("S:AAPL", "write S:AAPL:candle or S:AAPL:quote"),
    "no-event-type-crypto": ("C:QUOTE", "write C:QUOTE:candle or C:QUOTE:quote"),
    "ticker-like-an-event-type": ("S:CANDL", "names no event type"),
    "no-colon": ("AAPL", "write AAPL:candle or AAPL:quote"),
    "no-class-colon": ("EURUSD:FXSPOT", "write EURUSD:FXSPOT:candle"),
    "only-event-type": ("candle", "write S:AAPL:candle"),
    "no-symbol": (":candle", "names no symbol"),
    "only-colon": (":", "names no event type"),
    "empty-event-type": ("S:AAPL:", "names no event type"),
    "empty-ticker": ("S::candle", "half a symbol"),
    "empty-class": (":AAPL:candle", "half a symbol"),
    "typo": ("S:AAPL:candel", "did you mean S:AAPL:candle?"),
    "typo-quote": ("S:AAPL:qoute", "did you mean S:AAPL:quote?"),
    "upper-case": ("S:AAPL:CANDLE", "did you mean S:AAPL:candle?"),
    "plural": ("S:AAPL:candles", "did you mean S:AAPL:candle?"),
    "trade": ("S:AAPL:trade", "unknown event type 'trade'"),
    "order": ("S:AAPL:order", "write S:AAPL:candle or S:AAPL:quote"),
    "gateway-token": ("S:AAPL:bars", "unknown event type 'bars'"),
    "star": ("S:AAPL:*", "unknown event type '*'"),
    "unknown-timeframe": ("S:AAPL:candle_7m", "known are 1m, 2m, 5m"),
    "upper-case-timeframe": ("S:AAPL:candle_5M", "unknown timeframe '5M'"),
    "empty-timeframe": ("S:AAPL:candle_", "unknown timeframe ''"),
    "any-timeframe": ("S:AAPL:candle_*", "unknown timeframe '*'"),
    "quote-with-timeframe": ("S:AAPL:quote_5m", "did you mean S:AAPL:quote?"),
    "blank-inside": ("S:AAPL: candle", "leave no blank"),
    "blank-separated": ("S:AAPL:candle S:MSFT:candle", "separate items with commas"),
    "newline-separated": ("S:AAPL:candle\nS:MSFT:candle", "separate items with commas"),
    "semicolons": ("S:AAPL:candle;S:MSFT:candle", "separate items with commas"),
    "single-quotes": ("'S:AAPL:candle'", "leave the quotes out"),
    "double-quotes": ('"S:AAPL:candle"', "leave the quotes out"),
    "control-character": ("S:A\x1bPL:candle", "holds '\\x1b'"),
    "byte-order-mark": ("\ufeffS:AAPL:candle", "holds"),
    "braces": ('{"platform":"mock"}', "holds"),
    "partial-wildcard": ("S:A*:candle", "write * alone"),
    "long-symbol": ("X" * 51 + ":quote", "more than 50 characters"),
    "json-cut": ("[", "is not valid JSON"),
    "json-deep": ("[" * 100_000, "is not valid JSON"),
    "json-two": ("[] []", "is not valid JSON"),
    "json-text": ('["S:AAPL:candle"]', "is not an object"),
    "json-null": ("[null]", "is not an object"),
    "json-empty-object": ("[{}]", "has no platform"),
    "json-bare-candle": (entry("candle"), "write candle_1m"),
    "json-bare-trade": (entry("trade"), "did you mean trades?"),
    "json-greeks": (entry("option_greeks"), "unknown event 'option_greeks'"),
    "json-typo": (entry("candle_5n"), "did you mean candle_5m?"),
    "json-platform-case": (entry("quote", platform="Tektii"), "did you mean tektii?"),
    "json-platform-old": (entry("quote", platform="backtest"), "unknown platform"),
    "json-platform-number": (
        '[{"platform":5,"instrument":"X","events":["quote"]}]',
        "platform that is not text, was 5",
    ),
    "json-instrument-missing": ('[{"platform":"mock","events":["quote"]}]', "has no instrument"),
    "json-instrument-misspelt": (
        '[{"platform":"mock","instrumant":"X","events":["quote"]}]',
        "did you mean it by instrumant?",
    ),
    "json-instrument-empty": (entry("quote", instrument=""), "names no symbol"),
    "json-instrument-wildcard": (entry("quote", instrument="F:*"), "write * alone"),
    "json-instrument-blank": (entry("quote", instrument="F EUR"), "holds a blank"),
    "json-events-text": (
        '[{"platform":"mock","instrument":"X","events":"quote"}]',
        "events that is not a list",
    ),
    "json-event-number": (
        '[{"platform":"mock","instrument":"X","events":[1]}]',
        "event that is not text, was 1",
    ),
    "json-no-market-data": (entry("order_update"), "asks for no candles and no quotes"),
    "json-no-events": (entry(), "asks for no candles and no quotes"),
}


@pytest.mark.parametrize(("text", "phrase"), BAD.values(), ids=BAD.keys())
def test_C11_what_cannot_be_read_is_named_with_a_hint(text: str, phrase: str) -> None:
    with pytest.raises(SubscriptionError) as caught:
        parse_subscriptions(text)

    assert phrase in str(caught.value)
    assert all(len(problem.item) < 100 for problem in caught.value.problems)


def test_C11_the_corpus_has_at_least_sixty_cases() -> None:
    assert len(GOOD) + len(BAD) >= 60


@pytest.mark.parametrize("timeframe", TIMEFRAME_MS)
def test_every_timeframe_of_the_protocol_may_be_subscribed(timeframe: str) -> None:
    expected = (Subscription("S:AAPL", "candle", timeframe),)

    assert expected == parse_subscriptions(f"S:AAPL:candle_{timeframe}")
    assert expected == parse_subscriptions(entry(f"candle_{timeframe}", instrument="S:AAPL"))


def test_an_item_is_split_at_its_last_colon() -> None:
    assert parse_subscriptions("S:AAPL:candle") == (Subscription("S:AAPL", "candle", None),)


def test_every_problem_is_reported_at_once_each_with_its_item() -> None:
    with pytest.raises(SubscriptionError) as caught:
        parse_subscriptions("S:AAPL:candle, S:MSFT ,C:BTCUSD:qoute,:candle")

    assert [problem.item for problem in caught.value.problems] == [
        "S:MSFT",
        "C:BTCUSD:qoute",
        ":candle",
    ]


def test_every_problem_of_an_array_is_reported_at_once() -> None:
    text = '[{"platform":"x","instrument":"","events":["candle",5]}, 7]'

    with pytest.raises(SubscriptionError) as caught:
        parse_subscriptions(text)

    assert [problem.item for problem in caught.value.problems] == ["entry 1"] * 4 + ["entry 2"]
