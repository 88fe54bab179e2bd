"""The official SDK plays whole backtests against the engine and trades on them."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from tektii import AsyncTradingGateway, TradingGateway
from tektii.errors import NotFoundError, OrderRejectedError
from tektii.models import (
    BacktestCompleteEvent,
    CandleEvent,
    ConnectionEvent,
    OrderEvent,
    OrderStatus,
    PositionEvent,
    TradeEvent,
)
from tektii.stream import SyncEventStream
