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
    slippage_bps: Decimal = _ZERO,
) -> Conventions:
    """Return the conventions of the embedded engine with these costs and this account.

    Rates are in basis points, the other amounts in `currency`; `cash` is the starting balance.
    """
    parts = []
    if commission_bps:
        parts.append(f"{plain(commission_bps)} bps of the value")
    if commission_per_unit:
        parts.append(f"{plain(commission_per_unit)} {currency} per unit")
    commission = " plus ".join(parts)
    if commission_minimum:
        least = f"at least {plain(commission_minimum)} {currency}"
        commission = f"{commission}, {least}" if commission else least
    slippage = f"{plain(slippage_bps)} bps against you on market and stop orders"
    return Conventions(
        fills=(
            "market orders at the next open; limits and stops at their price, or at the open "
            "beyond it; the worse case inside a candle"
        ),
        costs=(
            f"commission {commission or 'none'}; slippage {slippage if slippage_bps else 'none'}"
        ),
        account=(
            f"{_grouped(cash)} {currency}, "
            + ("cash only" if leverage == 1 else f"leverage {plain(leverage)}")
        ),
    )


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
