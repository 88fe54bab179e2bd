"""Why a run had no trades, as far as its own traces tell.

Reads what the run left behind and draws the conclusion a person would; it never guesses about the
strategy's rules. May import the session and the strategy floor.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from runner.protocol.decimals import plain
from runner.protocol.enums import OrderStatus, OrderType
from runner.session import Session
from runner.strategy.desk import Desk
from runner.strategy.indicators import Indicator
from runner.strategy.order import Order
from runner.strategy.stream import Stream


def why_no_trades(session: Session, subscribed: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the probable reasons, one sentence each without a full stop, the first cause first.

    Args:
        session: the strategy's side after a run without an execution.
        subscribed: the symbols the run was to receive; by default those the desk knows of.
    """
    desk = session.desk
    desk.catch_up()
    if not desk.streams and not desk.market_events:
        return ("no candle arrived: look at the subscriptions and at the dates of the data",)
    wanted = subscribed or desk.subscribed
    reasons = [*_silent_symbols(desk, wanted), *_cold_indicators(desk)]
    orders = list(desk.tickets.values())
    if orders:
        reasons += _fruitless(session, orders)
    elif session.failures:
        reasons.append(f"no order was placed, and handlers raised: {session.failures[0]}")
    else:
        reasons.append(_unheard(session) or _no_order(desk, cold=bool(reasons)))
    return tuple(reasons)


def _silent_symbols(desk: Desk, wanted: Sequence[str]) -> list[str]:
    heard = {symbol for symbol, _ in desk.streams} | set(desk.portfolio.last)
    silent = [symbol for symbol in wanted if symbol not in heard and symbol != "*"]
    if not silent:
        return []
    return [f"nothing arrived for {', '.join(silent)}"]


def _cold_indicators(desk: Desk) -> list[str]:
    # The longest one per stream is enough: it is the last to warm up.
    reasons = []
    for stream in desk.streams.values():
        applying = [one for one in desk.indicators if _applies(one, stream)]
        longest = max(applying, key=lambda one: one.length, default=None)
        if longest is None:
            continue
        candles = len(stream.history)
        if candles == desk.history_limit:
            candles = max(candles, len(desk.portfolio.times))
        if candles < longest.length:
            reasons.append(
                f"{stream.symbol} had {_candles(candles)}, but {longest.name} needs "
                f"{longest.length:,} before it has a value"
            )
    return reasons


def _applies(indicator: Indicator, stream: Stream) -> bool:
    return indicator.timeframe in (None, stream.timeframe)


def _unheard(session: Session) -> str:
    desk = session.desk
    if desk.quotes and not desk.streams and session.handler("on_quote") is None:
        return "only quotes came, and the strategy has no on_quote: subscribe to candles as well"
    candles_only = bool(desk.streams) and not desk.quotes
    if candles_only and session.handler("on_candle") is None and session.handler("on_quote"):
        return "only candles came, and the strategy has no on_candle: subscribe to quotes as well"
    return ""


def _no_order(desk: Desk, *, cold: bool) -> str:
    if cold:
        return "no order was placed"
    steps = len(desk.portfolio.times)
    return (
        f"no order was placed in {steps:,} time steps: the strategy's condition was never met"
        if steps
        else "no order was placed: no candle came, and on_candle is where most strategies order"
    )


def _fruitless(session: Session, orders: list[Order]) -> list[str]:
    rejected = [one for one in orders if one.is_rejected]
    reasons = []
    if rejected:
        reasons.append(_rejected(rejected, len(orders)))
    lost = sum(one.status is OrderStatus.UNKNOWN for one in orders)
    if lost:
        reasons.append(f"the outcome of {_orders(lost)} is not known")
    waiting = [
        one for one in orders if not one.is_rejected and one.status is not OrderStatus.UNKNOWN
    ]
    priced = [one for one in waiting if one.order_type is not OrderType.MARKET]
    if priced:
        reasons.append(_unreached(priced, session.desk))
    rest = len(waiting) - len(priced)
    if rest:
        reasons.append(
            f"{_orders(rest, 'market')} met no further candle: placed on the last one, "
            "or cancelled before the next"
        )
    return reasons


def _rejected(rejected: list[Order], placed: int) -> str:
    reasons = Counter(one.reject_reason or "UNKNOWN" for one in rejected)
    reason = reasons.most_common(1)[0][0]
    message = next((one.reject_message for one in rejected if one.reject_reason == reason), None)
    if placed == 1:
        share = "the only order was"
    elif len(rejected) == placed:
        share = f"all {placed:,} orders were"
    else:
        share = f"{len(rejected):,} of {placed:,} orders were"
    often = ", most often for" if len(reasons) > 1 else " for"
    return f"{share} rejected{often} {reason}{f': {message}' if message else ''}"


def _unreached(orders: list[Order], desk: Desk) -> str:
    latest = orders[-1]
    price = latest.limit_price if latest.stop_price is None else latest.stop_price
    last = desk.portfolio.last.get(latest.symbol)
    wanted = f" at {plain(price)}" if price is not None else ""
    order = f"to {latest.side.lower()} {latest.symbol}{wanted}"
    known = "" if last is None else f"; the last price is {last:.10g}"
    if len(orders) == 1:
        return f"the limit or stop order {order} never reached its price{known}"
    return (
        f"none of {len(orders):,} limit or stop orders reached its price, the latest {order}{known}"
    )


def _candles(count: int) -> str:
    return "1 candle" if count == 1 else f"{count:,} candles"


def _orders(count: int, kind: str = "") -> str:
    noun = f"{kind} order" if kind else "order"
    return f"1 {noun}" if count == 1 else f"{count:,} {noun}s"
