"""The yardstick: the SMA cross as one loop, written by hand without the product.

It does the same work on the same data: a struct per candle, a market order filled at the next open,
cash, equity after every candle, drawdown. What it leaves out is what a product adds: other order
types, exact decimals, several symbols, a strategy that knows nothing of the loop.
"""

from __future__ import annotations

from collections import deque

from runner.engine.series import Series


def sma_cross(series: Series, fast: int = 10, slow: int = 30) -> tuple[int, float, float]:
    """Return the number of executions, the final equity and the maximum drawdown (0 to 1)."""
    cash = 100_000.0
    quantity = 0.0
    order = 0.0
    executions = 0
    equity = peak = cash
    drawdown = 0.0
    fast_closes: deque[float] = deque(maxlen=fast)
    slow_closes: deque[float] = deque(maxlen=slow)
    fast_total = slow_total = 0.0
    equities = []
    for candle in series.candles():
        if order:
            cash -= order * candle.open
            quantity += order
            executions += 1
            order = 0.0
        close = candle.close
        if len(fast_closes) == fast:
            fast_total -= fast_closes[0]
        fast_closes.append(close)
        fast_total += close
        if len(slow_closes) == slow:
            slow_total -= slow_closes[0]
        slow_closes.append(close)
        slow_total += close
        equity = cash + quantity * close
        equities.append(equity)
        if equity > peak:
            peak = equity
        elif (peak - equity) / peak > drawdown:
            drawdown = (peak - equity) / peak
        if len(slow_closes) == slow:
            fast_sma = fast_total / fast
            slow_sma = slow_total / slow
            if fast_sma > slow_sma and not quantity:
                order = 0.95 * equity // close
            elif fast_sma < slow_sma and quantity:
                order = -quantity
    return executions, equity, drawdown
