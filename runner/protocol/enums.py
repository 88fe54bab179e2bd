"""The closed vocabularies of the protocol, with the values that travel on the wire.

Open sets (event names, error codes, message types) are plain strings instead: a peer may add to
them at any time, and an unknown value must not make a frame unreadable.
"""

from __future__ import annotations

from enum import StrEnum


class Side(StrEnum):
    """The direction of an order or a trade."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell."""
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> Side:
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP = "STOP"
    STOP_LIMIT = "STOP_LIMIT"
    TRAILING_STOP = "TRAILING_STOP"


class TrailingType(StrEnum):
    ABSOLUTE = "ABSOLUTE"
    PERCENT = "PERCENT"


class TimeInForce(StrEnum):
    GTC = "GTC"
    DAY = "DAY"
    IOC = "IOC"
    FOK = "FOK"


class OrderStatus(StrEnum):
    """Where an order stands. `UNKNOWN` is ours alone: a request whose outcome nobody confirmed."""

    PENDING = "PENDING"
    PENDING_CANCEL = "PENDING_CANCEL"
    OPEN = "OPEN"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    UNKNOWN = "UNKNOWN"

    @property
    def is_terminal(self) -> bool:
        """True when nothing can happen to the order any more."""
        return self in _TERMINAL


_TERMINAL = (
    OrderStatus.FILLED,
    OrderStatus.CANCELLED,
    OrderStatus.REJECTED,
    OrderStatus.EXPIRED,
)


class PositionSide(StrEnum):
    LONG = "LONG"
    SHORT = "SHORT"


class RejectReason(StrEnum):
    """Why an order was refused, as far as the peers of the protocol distinguish."""

    INSUFFICIENT_MARGIN = "INSUFFICIENT_MARGIN"
    INSUFFICIENT_BALANCE = "INSUFFICIENT_BALANCE"
    INVALID_QUANTITY = "INVALID_QUANTITY"
    INVALID_PRICE = "INVALID_PRICE"
    SYMBOL_NOT_TRADEABLE = "SYMBOL_NOT_TRADEABLE"
    MARKET_CLOSED = "MARKET_CLOSED"
    REDUCE_ONLY_VIOLATED = "REDUCE_ONLY_VIOLATED"
    POST_ONLY_VIOLATED = "POST_ONLY_VIOLATED"
    RATE_LIMITED = "RATE_LIMITED"
    UNKNOWN = "UNKNOWN"


TIMEFRAME_MS: dict[str, int] = {
    "1m": 60_000,
    "2m": 120_000,
    "5m": 300_000,
    "10m": 600_000,
    "15m": 900_000,
    "30m": 1_800_000,
    "1h": 3_600_000,
    "2h": 7_200_000,
    "4h": 14_400_000,
    "12h": 43_200_000,
    "1d": 86_400_000,
    "1w": 604_800_000,
}
"""The length of each timeframe of the protocol in milliseconds; there are no others."""
