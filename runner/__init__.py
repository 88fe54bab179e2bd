"""Run a trading strategy: embedded, against a Backtest Engine, or against a Trading Gateway.

This is what a strategy's author imports. Names load on first use, so that the command line answers
`--version` without loading any of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from runner.protocol.enums import OrderStatus, OrderType, Side, TimeInForce
    from runner.protocol.messages import (
        Account,
        Candle,
        Connection,
        ErrorNotice,
        Position,
        Quote,
        RateLimit,
        Trade,
    )
    from runner.strategy.base import Strategy
    from runner.strategy.holding import Holding
    from runner.strategy.indicators import Indicator
    from runner.strategy.order import Order
    from runner.strategy.params import param

_HOME = {
    "Account": "runner.protocol.messages",
    "Candle": "runner.protocol.messages",
    "Connection": "runner.protocol.messages",
    "ErrorNotice": "runner.protocol.messages",
    "Holding": "runner.strategy.holding",
    "Indicator": "runner.strategy.indicators",
    "Order": "runner.strategy.order",
    "OrderStatus": "runner.protocol.enums",
    "OrderType": "runner.protocol.enums",
    "Position": "runner.protocol.messages",
    "Quote": "runner.protocol.messages",
    "RateLimit": "runner.protocol.messages",
    "Side": "runner.protocol.enums",
    "Strategy": "runner.strategy.base",
    "TimeInForce": "runner.protocol.enums",
    "Trade": "runner.protocol.messages",
    "param": "runner.strategy.params",
}

__all__ = [
    "Account",
    "Candle",
    "Connection",
    "ErrorNotice",
    "Holding",
    "Indicator",
    "Order",
    "OrderStatus",
    "OrderType",
    "Position",
    "Quote",
    "RateLimit",
    "Side",
    "Strategy",
    "TimeInForce",
    "Trade",
    "__version__",
    "param",
]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'runner' has no attribute {name!r}")
    return getattr(import_module(home), name)
