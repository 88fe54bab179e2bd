"""What a candle and a quote are made of, and how files call the columns of it.

Known are the headers of Yahoo Finance, Alpaca, Binance and of this program's own files. Imports
nothing of the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

PRICES = ("open", "high", "low", "close")
FIELDS = ("time", *PRICES, "volume")
"""What a candle is made of: the names on our side of a mapping."""
QUOTED_PRICES = ("bid", "ask")
SIZES = ("bid_size", "ask_size")
EXPECTED = "timestamp,open,high,low,close,volume"
_TIMES = ("timestamp", "date", "time", "datetime")


@dataclass(frozen=True, slots=True)
class Fields:
    """What one kind of row is made of, and how its columns are called."""

    prices: tuple[str, ...]
    amounts: tuple[str, ...]
    """What may be missing."""
    names: Mapping[str, tuple[str, ...]]
    """By field the names of its column, in lower case."""
    letters: Mapping[str, str]
    """Short headers, as data services send them; taken only where those of time and prices are all
    there."""
    expected: str
    """A header as it should be."""
    by_hand: str
    """What to do where it is not certain."""

    @property
    def required(self) -> tuple[str, ...]:
        return ("time", *self.prices)


CANDLE_FIELDS: Final = Fields(
    PRICES,
    ("volume",),
    {
        "time": (*_TIMES, "open_time", "open time", "opentime"),
        **{name: (name,) for name in (*PRICES, "volume")},
    },
    {name: name[0] for name in FIELDS},
    EXPECTED,
    "map them by hand: --columns time=Date,open=Open,high=High,low=Low,close=Close",
)
QUOTE_FIELDS: Final = Fields(
    QUOTED_PRICES,
    SIZES,
    {
        "time": (*_TIMES, "transaction_time"),
        "bid": ("bid", "bid_price", "bid price", "bidprice", "best_bid", "best_bid_price"),
        "ask": (
            *("ask", "ask_price", "ask price", "askprice", "best_ask", "best_ask_price"),
            *("offer", "offer_price"),
        ),
        "bid_size": ("bid_size", "bid size", "bidsize", "bid_volume", "bidvolume", "best_bid_qty"),
        "ask_size": ("ask_size", "ask size", "asksize", "ask_volume", "askvolume", "best_ask_qty"),
    },
    {"time": "t", "bid": "bp", "ask": "ap", "bid_size": "bs", "ask_size": "as"},
    "timestamp,bid,ask,bid_size,ask_size",
    "name the columns timestamp, bid, ask, and bid_size and ask_size where there are sizes",
)
