"""The kinds of rows that data files have: candles and quotes, each with its header and its checks.

May import the rows of both. Files are opened elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from runner.engine.csv_rows import Block, explain_block, read_block
from runner.engine.quote_rows import explain_quotes, read_quotes
from runner.engine.row_fields import CANDLE_FIELDS, QUOTE_FIELDS, Fields


@dataclass(frozen=True, slots=True)
class RowForm:
    """One kind of rows."""

    word: str
    """One of them, for people."""
    fields: Fields
    read: Callable[..., Block | None]
    """Converts a block of rows, or finds that something is wrong; see `read_block`."""
    explain: Callable[..., Block]
    """Converts them one by one, or says what is wrong; see `explain_block`."""


CANDLES: Final = RowForm("candle", CANDLE_FIELDS, read_block, explain_block)
QUOTES: Final = RowForm("quote", QUOTE_FIELDS, read_quotes, explain_quotes)
