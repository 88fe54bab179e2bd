"""Quotes that make no sense; candles are tested frame by frame in test_decode."""

from __future__ import annotations

from typing import Any

import pytest

from runner.protocol import wire
from runner.protocol.market import read_quote
from runner.protocol.values import WireError


@pytest.mark.parametrize(
    ("field", "value"),
    [("bid", 0.0), ("ask", -1.0), ("last", float("nan")), ("bid_size", -1.0), ("volume", 1e30)],
)
def test_a_quote_that_makes_no_sense_is_refused(field: str, value: float) -> None:
    fields: dict[str, Any] = {"bid": 1.0, "ask": 2.0, "last": 1.0, field: value}

    with pytest.raises(WireError, match=field):
        read_quote(wire.QuoteObject(symbol="X", provider="p", timestamp=1, **fields))
