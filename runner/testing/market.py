"""Candles from a few words: `candles("up 3, gap -5%, flat 10")`.

May import the engine's series and errors. Nothing here is random: the same words give the same
candles.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import NamedTuple

from runner.engine.columns import Row
from runner.engine.series import Series
from runner.errors import UsageError
from runner.protocol.enums import TIMEFRAME_MS

FIRST_MS = 1_704_067_200_000
"""2024-01-01T00:00:00Z, the start of the first candle."""
MOST = 1_000_000
"""Most candles of one text: more are a slip of the finger, and would take all the memory."""
STEP = 0.01
"""How far `up` and `down` move with each candle, unless they say `by`."""
_DECIMALS = 6
_FORMS = {
    "flat": "flat 10",
    "up": "up 3, up 3 by 2%",
    "down": "down 3, down 3 by 0.50",
    "gap": "gap -5%, gap 2.50",
    "at": "at 50",
    "to": "to 120 in 10",
}
_NUMBER = r"[+-]?\d{1,15}(?:\.\d{1,15})?"
_COUNTED = re.compile(r"[1-9]\d{0,8}(?: by (?P<by>\d{1,15}(?:\.\d{1,15})?%?))?", re.ASCII)
_GAP = re.compile(rf"(?P<by>{_NUMBER}%?)", re.ASCII)
_AT = re.compile(_NUMBER, re.ASCII)
_TO = re.compile(rf"(?P<price>{_NUMBER}) in (?P<count>[1-9]\d{{0,8}})", re.ASCII)


class _Stretch(NamedTuple):
    """Candles that move alike; without candles the price jumps before the next one opens."""

    length: int
    move: Callable[[float], float]
    text: str


def candles(
    text: str,
    *,
    start: float = 100.0,
    symbol: str = "S:AAPL",
    timeframe: str = "1d",
    volume: float = 1000.0,
) -> Series:
    """Return the candles that `text` describes, the first one on 2024-01-01, without a pause.

    The parts of `text` are separated by commas or line ends, and each goes on where the one before
    has ended:

        flat 10         10 candles that stay at the price
        up 3            3 candles, each closing 1 % above the close before; up 3 by 2%, up 3 by 0.5
        down 3          the same downwards
        gap -5%         the next candle opens 5 % lower; gap 2.50 moves by currency units
        at 50           the next candle opens at 50
        to 120 in 10    10 candles, in equal steps, the last one closing at 120

    A candle opens where the one before closed, unless a gap lies between, and has no wicks. Prices
    are rounded to six decimals. Repeat a text as Python does: `"up 5, down 5, " * 3`.

    Args:
        text: what happens.
        start: the first open, in currency per unit.
        symbol: as orders spell it.
        timeframe: length of one candle, such as 1m, 1h, 1d.
        volume: of every candle, in units.

    Raises:
        UsageError: E210, the text or the timeframe cannot be read, a price falls to zero or below,
            or there are no candles or more than `MOST`.
    """
    if timeframe not in TIMEFRAME_MS:
        raise UsageError(
            f"the timeframe must be one of {', '.join(TIMEFRAME_MS)}, was {timeframe!r}", id="E210"
        )
    made: list[Row] = []
    length = TIMEFRAME_MS[timeframe]
    price, close = _positive(float(start), f"start={start:g}", text), 0.0
    waiting = ""
    for stretch in _stretches(text):
        if len(made) + stretch.length > MOST:
            raise _problem(f"more than {MOST:,} candles", stretch.text, text)
        waiting = "" if stretch.length else stretch.text
        if not stretch.length:
            price = _positive(stretch.move(price), stretch.text, text)
        for _ in range(stretch.length):
            close = _positive(stretch.move(price), stretch.text, text)
            start_ms = FIRST_MS + len(made) * length
            made.append((start_ms, price, max(price, close), min(price, close), close, volume))
            price = close
    if waiting:
        raise _problem("no candle follows, and only a candle can open there", waiting, text)
    if not made:
        raise _problem("there are no candles", "", text)
    return Series.of(made, symbol, timeframe, source="candles", origin="candles in a test")


def _stretches(text: str) -> Iterator[_Stretch]:
    for part in re.split(r"[,\n]", text):
        words = " ".join(part.lower().split())
        if words:
            yield _read(words, text)


def _read(words: str, text: str) -> _Stretch:
    name, _, rest = words.partition(" ")
    if name not in _FORMS:
        near = get_close_matches(name, _FORMS, n=1)
        raise _problem(
            f"{name!r} is not a movement", words, text, f"did you mean {near[0]}?" if near else ""
        )
    pattern = {"gap": _GAP, "at": _AT, "to": _TO}.get(name, _COUNTED)
    found = pattern.fullmatch(rest)
    if found is None:
        raise _problem(f"this cannot be read, was {words!r}", words, text, f"write {_FORMS[name]}")
    if name == "at":
        price = float(rest)
        return _Stretch(0, lambda _: price, words)
    if name == "gap":
        return _Stretch(0, _move(found["by"], 1), words)
    if name == "to":
        return _towards(float(found["price"]), int(found["count"]), words)
    count = int(rest.partition(" ")[0])
    if name == "flat":
        if found["by"]:
            raise _problem("flat moves by nothing", words, text, "write flat 10")
        return _Stretch(count, lambda price: price, words)
    return _Stretch(count, _move(found["by"], 1 if name == "up" else -1), words)


def _move(by: str | None, sign: int) -> Callable[[float], float]:
    if by is None:
        return lambda price: price * (1 + sign * STEP)
    if by.endswith("%"):
        share = sign * float(by[:-1]) / 100
        return lambda price: price * (1 + share)
    step = sign * float(by)
    return lambda price: price + step


def _towards(target: float, count: int, words: str) -> _Stretch:
    left = count

    def step(price: float) -> float:
        nonlocal left
        moved = price + (target - price) / left
        left -= 1
        return moved

    return _Stretch(count, step, words)


def _positive(price: float, words: str, text: str) -> float:
    rounded = round(price, _DECIMALS)
    if not 0 < rounded < float("inf"):
        raise _problem(f"the price would be {price:g}", words, text, "prices stay above zero")
    return rounded


def _problem(what: str, words: str, text: str, fix: str = "") -> UsageError:
    shown = " ".join(text.split())
    return UsageError(
        f"candles: {what}",
        where=f"{words!r} in {shown[:120]!r}" if words else repr(shown[:120]),
        fix=fix or "the movements: " + "; ".join(_FORMS.values()),
        id="E210",
    )
