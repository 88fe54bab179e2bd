"""Incremental indicators: constant work per candle, one state per symbol and timeframe.

What a strategy holds is an `Indicator`: a number that follows the candle being handled. Behind it
stands one `Kernel` per stream of candles, updated before the handler runs. Until a kernel has seen
enough candles its value is NaN, and every comparison with NaN is False: a strategy that compares
indicators does nothing before they are warm, without asking.

Formulas: SMA, arithmetic mean of the last n closes; EMA, smoothing 2/(n+1), seeded with the SMA of
the first n; RSI and ATR, Wilder's smoothing 1/n, seeded with the mean of the first n changes.
Source: J. Welles Wilder, New Concepts in Technical Trading Systems (1978), for RSI and ATR.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import isnan, nan

from runner.protocol.messages import Candle


class Indicator:
    """A number that follows the candle being handled; NaN until it is warm.

    Use it like a float: compare it, add to it, format it. It is false until warm.
    """

    __slots__ = ("length", "make", "name", "timeframe", "value")

    def __init__(
        self,
        name: str,
        length: int,
        make: Callable[[Indicator], Kernel],
        timeframe: str | None = None,
    ) -> None:
        self.name = name
        self.length = length
        """How many candles it needs before it has a value."""
        self.make = make
        self.timeframe = timeframe
        """Only candles of this timeframe count; None takes each stream's own."""
        self.value = nan

    @property
    def is_warm(self) -> bool:
        """True as soon as there is a value for the symbol being handled."""
        return not isnan(self.value)

    def __bool__(self) -> bool:
        return not isnan(self.value)

    def __float__(self) -> float:
        return self.value

    def __gt__(self, other: Indicator | float) -> bool:
        return self.value > (other.value if isinstance(other, Indicator) else other)

    def __lt__(self, other: Indicator | float) -> bool:
        return self.value < (other.value if isinstance(other, Indicator) else other)

    def __ge__(self, other: Indicator | float) -> bool:
        return self.value >= (other.value if isinstance(other, Indicator) else other)

    def __le__(self, other: Indicator | float) -> bool:
        return self.value <= (other.value if isinstance(other, Indicator) else other)

    def __add__(self, other: Indicator | float) -> float:
        return self.value + float(other)

    def __sub__(self, other: Indicator | float) -> float:
        return self.value - float(other)

    def __mul__(self, other: Indicator | float) -> float:
        return self.value * float(other)

    def __truediv__(self, other: Indicator | float) -> float:
        return self.value / float(other)

    def __radd__(self, other: float) -> float:
        return other + self.value

    def __rsub__(self, other: float) -> float:
        return other - self.value

    def __rmul__(self, other: float) -> float:
        return other * self.value

    def __rtruediv__(self, other: float) -> float:
        return other / self.value

    def __neg__(self) -> float:
        return -self.value

    def __format__(self, spec: str) -> str:
        return format(self.value, spec)

    def __repr__(self) -> str:
        return f"{self.name}={self.value:g}"


class Kernel:
    """The state of one indicator on one stream of candles."""

    __slots__ = ("indicator", "value")

    def __init__(self, indicator: Indicator) -> None:
        self.indicator = indicator
        self.value = nan

    def update(self, candle: Candle) -> None:
        """Take in the next candle and publish the value to the indicator."""
        raise NotImplementedError


class SmaKernel(Kernel):
    """Simple moving average of the last `length` closes."""

    __slots__ = ("at", "length", "ring", "total")

    def __init__(self, indicator: Indicator) -> None:
        super().__init__(indicator)
        self.length = indicator.length
        # NaN in every place not yet filled keeps the total NaN until the average is warm.
        self.ring = [nan] * self.length
        self.at = 0
        self.total = nan

    def update(self, candle: Candle) -> None:
        at = self.at
        ring = self.ring
        close = candle.close
        total = self.total + close - ring[at]
        ring[at] = close
        at += 1
        if at == self.length:
            # Once per `length` candles the total is summed afresh: rounding cannot build up, at
            # a cost of one addition per candle.
            at = 0
            total = sum(ring)
        self.at = at
        self.total = total
        self.value = self.indicator.value = total / self.length


class EmaKernel(Kernel):
    """Exponential moving average of the closes, smoothing 2 / (length + 1)."""

    __slots__ = ("alpha", "seed", "seen")

    def __init__(self, indicator: Indicator) -> None:
        super().__init__(indicator)
        self.alpha = 2 / (indicator.length + 1)
        self.seen = 0
        self.seed = 0.0

    def update(self, candle: Candle) -> None:
        length = self.indicator.length
        if self.seen >= length:
            self.value += self.alpha * (candle.close - self.value)
        else:
            self.seen += 1
            self.seed += candle.close
            if self.seen < length:
                return
            self.value = self.seed / length
        self.indicator.value = self.value


class RsiKernel(Kernel):
    """Wilder's relative strength index of the closes, 0 to 100; 50 when nothing has moved."""

    __slots__ = ("changes", "gain", "last", "loss", "period")

    def __init__(self, indicator: Indicator) -> None:
        super().__init__(indicator)
        self.period = indicator.length - 1
        self.last = nan
        self.changes = -1
        self.gain = 0.0
        self.loss = 0.0

    def update(self, candle: Candle) -> None:
        close = candle.close
        change = close - self.last
        self.last = close
        self.changes += 1
        if self.changes == 0:
            return
        gain = change if change > 0 else 0.0
        loss = -change if change < 0 else 0.0
        period = self.period
        if self.changes > period:
            self.gain += (gain - self.gain) / period
            self.loss += (loss - self.loss) / period
        else:
            self.gain += gain / period
            self.loss += loss / period
            if self.changes < period:
                return
        moved = self.gain + self.loss
        self.value = self.indicator.value = 100 * self.gain / moved if moved else 50.0


class AtrKernel(Kernel):
    """Wilder's average true range, in quote currency."""

    __slots__ = ("last", "period", "ranges")

    def __init__(self, indicator: Indicator) -> None:
        super().__init__(indicator)
        self.period = indicator.length - 1
        self.last = nan
        self.ranges: list[float] = []

    def update(self, candle: Candle) -> None:
        last, self.last = self.last, candle.close
        if isnan(last):
            return
        true_range = max(candle.high, last) - min(candle.low, last)
        if len(self.ranges) < self.period:
            self.ranges.append(true_range)
            if len(self.ranges) < self.period:
                return
            self.value = sum(self.ranges) / self.period
        else:
            self.value += (true_range - self.value) / self.period
        self.indicator.value = self.value


class ExtremeKernel(Kernel):
    """Highest high or lowest low of the last `length` candles, the current one included.

    A queue of candidates: an entry leaves when a better one arrives after it, so that the front
    is always the extreme. Amortised constant work.
    """

    __slots__ = ("candidates", "seen", "sign")

    def __init__(self, indicator: Indicator, sign: int) -> None:
        super().__init__(indicator)
        self.sign = sign
        self.seen = 0
        self.candidates: deque[tuple[int, float]] = deque()

    def update(self, candle: Candle) -> None:
        sign = self.sign
        price = candle.high if sign > 0 else candle.low
        candidates = self.candidates
        while candidates and (candidates[-1][1] - price) * sign <= 0:
            candidates.pop()
        candidates.append((self.seen, price))
        self.seen += 1
        length = self.indicator.length
        if candidates[0][0] <= self.seen - 1 - length:
            candidates.popleft()
        if self.seen >= length:
            self.value = self.indicator.value = candidates[0][1]


def highest(indicator: Indicator) -> Kernel:
    """Make the kernel of a rolling high."""
    return ExtremeKernel(indicator, 1)


def lowest(indicator: Indicator) -> Kernel:
    """Make the kernel of a rolling low."""
    return ExtremeKernel(indicator, -1)
