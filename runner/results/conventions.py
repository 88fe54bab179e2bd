"""How orders were filled and what that cost, in words that stand on every report.

Plain values in, sentences out: the composition root knows the numbers. Only the standard library
and the protocol's decimals may be imported here.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from runner.protocol.decimals import plain

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Conventions:
    """The assumptions behind the figures, one sentence each, without a full stop."""

    fills: str
    costs: str
    account: str


def embedded_conventions(
    *,
    cash: Decimal,
    leverage: Decimal = Decimal(1),
    currency: str = "USD",
    commission_bps: Decimal = _ZERO,
    commission_per_unit: Decimal = _ZERO,
    commission_minimum: Decimal = _ZERO,
    commission_maker_bps: Decimal | None = None,
    slippage_bps: Decimal = _ZERO,
    slippage_range_share: Decimal = _ZERO,
    half_spread_bps: Decimal = _ZERO,
    volume_share: Decimal | None = None,
) -> Conventions:
    """Return the conventions of the embedded engine with these costs and this account.

    Rates are in basis points, shares are fractions, the other amounts in `currency`; `cash` is the
    starting balance.
    """
    fills = (
        "market orders at the next open; limits and stops at their price, or at the open "
        "beyond it; the worse case inside a candle"
    )
    if volume_share is not None:
        fills += f"; at most {_percent(volume_share)} of a candle's volume per order and candle"
    costs = [
        "commission "
        + (
            _commission(
                commission_bps,
                commission_maker_bps,
                commission_per_unit,
                commission_minimum,
                currency,
            )
            or "none"
        )
    ]
    if half_spread_bps:
        costs.append(f"half spread {plain(half_spread_bps)} bps on market and stop orders")
    slips = []
    if slippage_range_share:
        slips.append(f"{_percent(slippage_range_share)} of the candle's range")
    if slippage_bps:
        slips.append(f"{plain(slippage_bps)} bps")
    where = " against you on market and stop orders" if slips else "none"
    costs.append(f"slippage {' plus '.join(slips)}{where}")
    return Conventions(
        fills=fills,
        costs="; ".join(costs),
        account=(
            f"{_grouped(cash)} {currency}, "
            + ("cash only" if leverage == 1 else f"leverage {plain(leverage)}")
        ),
    )


def _commission(
    bps: Decimal, maker_bps: Decimal | None, per_unit: Decimal, minimum: Decimal, currency: str
) -> str:
    parts = []
    if maker_bps is not None and maker_bps != bps:
        parts.append(f"{plain(bps)} bps of the value (makers {plain(maker_bps)} bps)")
    elif bps:
        parts.append(f"{plain(bps)} bps of the value")
    if per_unit:
        parts.append(f"{plain(per_unit)} {currency} per unit")
    commission = " plus ".join(parts)
    if minimum:
        least = f"at least {plain(minimum)} {currency}"
        commission = f"{commission}, {least}" if commission else least
    return commission


def _percent(fraction: Decimal) -> str:
    return f"{plain(fraction * 100)}%"


def _grouped(amount: Decimal) -> str:
    whole, point, fraction = plain(amount).partition(".")
    return f"{int(whole):,}{point}{fraction}"


def peer_conventions(runtime: str) -> Conventions:
    """Return the conventions of a run against a peer, which alone decides them."""
    peer = {"engine": "the Backtest Engine", "gateway": "the Trading Gateway"}.get(runtime, runtime)
    return Conventions(
        fills=f"as {peer} does it",
        costs=f"as {peer} charges them",
        account=f"as {peer} keeps it",
    )
