"""What the author of a strategy tests it with: candles from a few words, and one call to run it.

    from runner.testing import backtest, candles

    result = backtest(SmaCross, candles("flat 30, up 10"), fast=3)
    assert result.orders[0].side == "BUY"

Under pytest both are fixtures as well, without any import. Names load on first use: pytest imports
this package in every project of an environment, and most of them have no strategies. pytest itself
is imported by `plugin` alone. The command line must never import this package.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runner.testing.backtesting import Backtest, backtest
    from runner.testing.market import candles

_HOME = {
    "Backtest": "runner.testing.backtesting",
    "backtest": "runner.testing.backtesting",
    "candles": "runner.testing.market",
}

__all__ = ["Backtest", "backtest", "candles"]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'runner.testing' has no attribute {name!r}")
    return getattr(import_module(home), name)
