"""Series whose columns rest in a file, made from others by tests."""

from __future__ import annotations

import dataclasses

from runner.engine.columns import ColumnWriter
from runner.engine.series import Series
from runner.storage import BLOCK_ROWS, Storage


def stored(series: Series, *, block_rows: int = BLOCK_ROWS) -> Series:
    """Return the same series at rest: less than a block of it is in memory."""
    writer = ColumnWriter(Storage(held_rows=0, block_rows=block_rows))
    writer.extend(*series.columns)
    names = ("times", "opens", "highs", "lows", "closes", "volumes")
    return dataclasses.replace(series, **dict(zip(names, writer.columns(), strict=True)))
