"""How orders were filled and what that cost, in words that stand on every report.

Terms in, sentences out. The engine's terms and the protocol's decimals may be imported here.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from runner.engine.choices import FillAt, PositionMode, PricePath
from runner.engine.costs import Commission
from runner.engine.terms import Terms
from runner.protocol.decimals import plain

_FILL_AT = {
    FillAt.NEXT_OPEN: "market orders at the next open",
    FillAt.CLOSE: (
        "OPTIMISTIC: market orders, and limit orders within reach, at the close they were placed "
        "on, a price that has passed when it is known and that nobody can trade live"
    ),
}
_PRICE_PATH = {
    PricePath.WORST: "the worse case inside a candle",
    PricePath.OHLC: "inside a candle from the open to the high, the low and the close",
    PricePath.OLHC: "inside a candle from the open to the low, the high and the close",
}
_QUOTED = (
    "by the quotes, not the candles: bought at the ask and sold at the bid of the next quote that "
    "an order meets; limit orders that waited at their limit; positions marked at the middle"
)


@dataclass(frozen=True, slots=True)
class Conventions:
    """The assumptions behind the figures, one sentence each, without a full stop."""

    fills: str
    costs: str
    account: str


def embedded_conventions(
    terms: Terms, *, timezone: str = "UTC", quotes: bool = False
) -> Conventions:
    """Return the conventions of the embedded engine on these terms.

    Args:
        terms: of the account.
        timezone: whose days the data has.
        quotes: whether orders meet quotes of files, and not candles.
    """
    fills = (
        _QUOTED
        if quotes
        else f"{_FILL_AT[terms.fill_at]}; limits and stops at their price, or at the open "
        f"beyond it; {_PRICE_PATH[terms.price_path]}"
    )
    if terms.volume_share is not None:
        share = _percent(terms.volume_share)
        fills += (
            f"; at most {share} of a quote's size, where it is known, per order and quote"
            if quotes
            else f"; at most {share} of a candle's volume per order and candle"
        )
    if timezone != "UTC":
        fills += f"; days of {timezone}"
    costs = ["commission " + (_commission(terms.commission, terms.currency) or "none")]
    if terms.spread.half_bps and not quotes:
        costs.append(f"half spread {plain(terms.spread.half_bps)} bps on market and stop orders")
    slips = []
    if terms.slippage.range_share and not quotes:
        slips.append(f"{_percent(terms.slippage.range_share)} of the candle's range")
    if terms.slippage.volume_impact.whole:
        whole = "the quoted size, where it is known" if quotes else "the candle's volume"
        slips.append(
            f"{_percent(terms.slippage.volume_impact.whole)} of the price times the square of "
            f"the order's share of {whole}"
        )
    if terms.slippage.bps:
        slips.append(f"{plain(terms.slippage.bps)} bps")
    where = " against you on market and stop orders" if slips else "none"
    costs.append(f"slippage {' plus '.join(slips)}{where}")
    if terms.interest.borrow:
        costs.append(f"short positions {_percent(terms.interest.borrow)} a year")
    if terms.interest.financing:
        costs.append(f"money lent {_percent(terms.interest.financing)} a year")
    return Conventions(fills=fills, costs="; ".join(costs), account=_account(terms))


def _account(terms: Terms) -> str:
    margin = terms.margin
    parts = [f"{_grouped(terms.cash)} {terms.currency}"]
    if margin.initial is not None and margin.initial != 1:
        parts.append(f"initial margin {_percent(margin.initial)}")
    elif margin.initial is None and terms.leverage != 1:
        parts.append(f"leverage {plain(terms.leverage)}")
    else:
        parts.append("cash only")
    if margin.maintenance is not None:
        parts.append(f"margin call below {_percent(margin.maintenance)} of the positions")
    elif parts[-1] != "cash only":
        parts.append("no margin call")
    if terms.position_mode is PositionMode.HEDGING:
        parts.append("hedging")
    return ", ".join(parts)


def _commission(charged: Commission, currency: str) -> str:
    parts = []
    if charged.maker_bps is not None and charged.maker_bps != charged.bps:
        parts.append(
            f"{plain(charged.bps)} bps of the value (makers {plain(charged.maker_bps)} bps)"
        )
    elif charged.bps:
        parts.append(f"{plain(charged.bps)} bps of the value")
    if charged.per_unit:
        parts.append(f"{plain(charged.per_unit)} {currency} per unit")
    commission = " plus ".join(parts)
    if charged.minimum:
        least = f"at least {plain(charged.minimum)} {currency}"
        commission = f"{commission}, {least}" if commission else least
    return commission


def _percent(fraction: Decimal) -> str:
    return f"{plain(fraction * 100)}%"


def _grouped(amount: Decimal) -> str:
    whole, point, fraction = plain(amount).partition(".")
    return f"{int(whole):,}{point}{fraction}"


def dry_conventions(terms: Terms) -> Conventions:
    """Return the conventions of a dry run: the prices of a gateway, and an exchange of our own."""
    ours = embedded_conventions(terms)
    fills = (
        "DRY RUN, no order left: market orders at the next quote (bid or ask) or the next candle's "
        "open; limits and stops when a price reaches them"
    )
    account = f"the money of the real account, held as cash, without its positions; {ours.account}"
    return Conventions(fills, ours.costs, account)


def peer_conventions(runtime: str) -> Conventions:
    """Return the conventions of a run against a peer, which alone decides them."""
    peer = {"engine": "the Backtest Engine", "gateway": "the Trading Gateway"}.get(runtime, runtime)
    return Conventions(
        fills=f"as {peer} does it",
        costs=f"as {peer} charges them",
        account=f"as {peer} keeps it",
    )
