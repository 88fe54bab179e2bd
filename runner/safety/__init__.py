"""Limits on what a strategy may do: the one place that every order passes, in backtests as live.

`limits` names them, `checks` holds one order against them, `rates` counts orders over time, `guard`
ties them together and decides when trading stops, `venue` tells real money from paper. Everything
is measured by the strategy's own clock and mirror, so that a limit can be tried in a backtest
before it matters.

May import the strategy floor and the protocol. No I/O, no wall clock: what was denied is data.
"""

from runner.safety.guard import Guard
from runner.safety.limits import Limits, TradingState
from runner.safety.venue import Venue

__all__ = ["Guard", "Limits", "TradingState", "Venue"]
