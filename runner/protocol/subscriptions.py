"""Read SUBSCRIPTIONS in both of its spellings, with every problem at once.

The comma list (`S:AAPL:candle,C:BTCUSD:candle_5m`) names symbol and event type, split at the last
colon because symbols hold colons themselves. The JSON array of a gateway names instruments and
event tokens. Which of the two it is shows in the first character that is not a space: `[` means
JSON. May import the subscription model and the vocabularies only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any, NamedTuple

from runner.protocol.admission import (
    ANY_SYMBOL,
    CANDLE,
    QUOTE,
    Subscription,
    SubscriptionFilter,
)
from runner.protocol.enums import TIMEFRAME_MS

__all__ = [
    "Subscription",
    "SubscriptionError",
    "SubscriptionFilter",
    "SubscriptionProblem",
    "format_subscriptions",
    "parse_subscriptions",
]

MAX_SYMBOL = 50
PLATFORMS = (
    "alpaca-live",
    "alpaca-paper",
    "binance-spot-live",
    "binance-spot-testnet",
    "binance-futures-live",
    "binance-futures-testnet",
    "binance-margin-live",
    "binance-margin-testnet",
    "binance-coin-futures-live",
    "binance-coin-futures-testnet",
    "oanda-practice",
    "oanda-live",
    "saxo-sim",
    "saxo-live",
    "tektii",
    "mock",
)
LIST_TYPES = (CANDLE, QUOTE, *(f"{CANDLE}_{timeframe}" for timeframe in TIMEFRAME_MS))
"""What may follow the symbol in the comma list."""
_TOKENS: dict[str, tuple[tuple[str, str | None], ...]] = {
    "*": ((CANDLE, None), (QUOTE, None)),
    **{f"candle_{timeframe}": ((CANDLE, timeframe),) for timeframe in TIMEFRAME_MS},
    **{f"candles.{timeframe}": ((CANDLE, timeframe),) for timeframe in TIMEFRAME_MS},
    **dict.fromkeys(("candle_*", "bar", "bars"), ((CANDLE, None),)),
    **dict.fromkeys(("quote", "quotes"), ((QUOTE, None),)),
    # These events always arrive, so naming them subscribes to nothing further.
    **dict.fromkeys(("order_update", "orders"), ()),
    **dict.fromkeys(("position_update", "positions"), ()),
    **dict.fromkeys(("trade_update", "trades"), ()),
    "account_update": (),
}
_CLASSES = ("S", "C", "F")
"""The class prefixes of symbols: stock, crypto, forex."""
_SHOWN = 80
# Blanks, quotes and separators are slips of the pen; brackets and backslashes are no symbols. Half
# a character, as bytes of the environment become that are no UTF-8, could not be sent.
_NOT_IN_SYMBOL = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\"'`,;|{}\[\]\\]")


class SubscriptionProblem(NamedTuple):
    """One item that could not be read."""

    item: str
    what: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.item!r} {self.what}" + (f": {self.hint}" if self.hint else "")


class SubscriptionError(ValueError):
    """Subscriptions could not be read; `problems` holds every reason at once."""

    def __init__(self, problems: Iterable[SubscriptionProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))


def parse_subscriptions(text: str) -> tuple[Subscription, ...]:
    """Return the subscriptions that `text` spells in either grammar, in order, without repeats.

    Text without any item gives an empty tuple, which admits everything.

    Raises:
        SubscriptionError: with every problem that was found.
    """
    problems: list[SubscriptionProblem] = []
    read = _read_array if text.lstrip()[:1] == "[" else _read_list
    found = read(text, problems)
    if problems:
        raise SubscriptionError(problems)
    return tuple(dict.fromkeys(found))


def format_subscriptions(subscriptions: Iterable[Subscription]) -> str:
    """Return the comma list that `parse_subscriptions` reads back as the same subscriptions."""
    return ",".join(str(subscription) for subscription in subscriptions)


def _read_list(text: str, problems: list[SubscriptionProblem]) -> list[Subscription]:
    found = []
    for item in (part.strip() for part in text.split(",")):
        if not item:
            continue
        outcome = _read_item(item)
        if isinstance(outcome, Subscription):
            found.append(outcome)
        else:
            problems.append(outcome)
    return found


def _read_item(item: str) -> Subscription | SubscriptionProblem:
    symbol, colon, event_type = item.rpartition(":")
    fault = _character_fault(item)
    if fault:
        return _problem(item, *fault)
    if not colon and item in LIST_TYPES:
        return _problem(item, "names no symbol", f"write S:AAPL:{item}")
    if not colon:
        return _problem(item, "names no event type", _complete(item))
    if event_type not in LIST_TYPES:
        return _unknown_type(item, symbol, event_type)
    fault = _symbol_fault(symbol)
    if fault:
        return _problem(item, *fault)
    kind, _, timeframe = event_type.partition("_")
    return Subscription(symbol, kind, timeframe or None)


def _unknown_type(item: str, symbol: str, event_type: str) -> SubscriptionProblem:
    if not event_type or symbol in _CLASSES:
        # S:AAPL splits into S and AAPL: a symbol without its event type.
        return _problem(item, "names no event type", _complete(item.strip(":") or "S:AAPL"))
    if event_type.startswith("candle_"):
        timeframe = event_type.removeprefix("candle_")
        known = ", ".join(TIMEFRAME_MS)
        return _problem(item, f"has the unknown timeframe {timeframe!r}", f"known are {known}")
    near = _nearest(event_type, LIST_TYPES)
    what = f"has the unknown event type {event_type!r}"
    if near:
        return _problem(item, what, f"did you mean {symbol or 'S:AAPL'}:{near}?")
    if ":" not in symbol:
        return _problem(item, what, _complete(item))
    return _problem(item, what, _complete(symbol))


def _complete(symbol: str) -> str:
    return f"write {symbol}:candle or {symbol}:quote"


def _character_fault(text: str) -> tuple[str, str] | None:
    match = _NOT_IN_SYMBOL.search(text)
    if match is None:
        return None
    found = match[0]
    if found.isspace():
        return "holds a blank", "separate items with commas and leave no blank inside one"
    if found in "\"'`":
        return "holds a quote character", "leave the quotes out"
    if found in ";|":
        return f"holds {found!r}", "separate items with commas"
    return f"holds {found!r}", "a symbol looks like S:AAPL"


def _symbol_fault(symbol: str) -> tuple[str, str] | None:
    if not symbol:
        return "names no symbol", "write S:AAPL:candle"
    if symbol.startswith(":") or symbol.endswith(":"):
        return "has half a symbol", "a symbol looks like S:AAPL"
    if len(symbol) > MAX_SYMBOL:
        return f"has a symbol of more than {MAX_SYMBOL} characters", ""
    if ANY_SYMBOL in symbol and symbol != ANY_SYMBOL:
        return "has a partial wildcard", "write * alone for every symbol"
    return _character_fault(symbol)


def _read_array(text: str, problems: list[SubscriptionProblem]) -> list[Subscription]:
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        problems.append(_problem(text, "is not valid JSON", reason))
        return []
    found: list[Subscription] = []
    for number, entry in enumerate(entries, start=1):
        name = f"entry {number}"
        if isinstance(entry, dict):
            found += _read_entry(name, entry, problems)
        else:
            hint = 'write {"platform": ..., "instrument": ..., "events": [...]}'
            problems.append(_problem(name, "is not an object", hint))
    if entries and not found and not problems:
        hint = "add an event such as candle_1m or quote"
        problems.append(_problem(text, "asks for no candles and no quotes", hint))
    return found


def _read_entry(
    name: str, entry: dict[str, Any], problems: list[SubscriptionProblem]
) -> list[Subscription]:
    def report(what: str, hint: str = "") -> None:
        problems.append(_problem(name, what, hint))

    platform, symbol, events = (_field(entry, key, report) for key in _FIELDS)
    if isinstance(platform, str) and platform not in PLATFORMS:
        near = _nearest(platform, PLATFORMS)
        hint = f"did you mean {near}?" if near else f"known are {', '.join(PLATFORMS)}"
        report(f"has the unknown platform {_cut(platform)!r}", hint)
    if isinstance(symbol, str):
        fault = _symbol_fault(symbol)
        if fault:
            report(*fault)
    found = []
    for token in events if isinstance(events, list) else ():
        if not isinstance(token, str):
            report(f"has an event that is not text, was {_cut(json.dumps(token))}")
        elif token not in _TOKENS:
            report(f"has the unknown event {_cut(token)!r}", _token_hint(token))
        elif isinstance(symbol, str):
            found += [Subscription(symbol, kind, timeframe) for kind, timeframe in _TOKENS[token]]
    return found


_FIELDS: dict[str, type] = {"platform": str, "instrument": str, "events": list}


def _field(entry: dict[str, Any], key: str, report: Callable[[str, str], None]) -> object:
    value = entry.get(key)
    if isinstance(value, _FIELDS[key]):
        return value
    if value is None:
        near = _nearest(key, [name for name in entry if name not in _FIELDS])
        report(f"has no {key}", f"did you mean it by {near}?" if near else "")
    else:
        wanted = "a list" if key == "events" else "text"
        report(f"has {key} that is not {wanted}, was {_cut(json.dumps(value))}", "")
    return None


def _token_hint(token: str) -> str:
    if token == CANDLE:
        return "write candle_1m for one timeframe or candle_* for all"
    near = _nearest(token, _TOKENS)
    return f"did you mean {near}?" if near else "write candle_1m, quote or *"


def _nearest(word: str, known: Iterable[str]) -> str:
    # Difflib is quadratic in the length of the word.
    near = get_close_matches(word[:40].lower(), list(known), n=1)
    return near[0] if near else ""


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def _problem(item: str, what: str, hint: str = "") -> SubscriptionProblem:
    # A hint repeats what was written, which may be what a terminal obeys.
    shown = "".join(one if one.isprintable() else "?" for one in hint)
    return SubscriptionProblem(_cut(item.strip()), what, shown)
