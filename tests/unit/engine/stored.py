"""Series whose columns rest in a file, made from others by tests."""

from __future__ import annotations

import dataclasses

from runner.engine.columns import ColumnWriter, Storage
from runner.engine.series import Series


def stored(series: Series, storage: Storage | None = None) -> Series:
    """Return the same series with nothing of it in memory."""
    writer = ColumnWriter(storage or Storage(held_rows=0))
    writer.extend(*series.columns)
    names = ("times", "opens", "highs", "lows", "closes", "volumes")
    return dataclasses.replace(series, **dict(zip(names, writer.columns(), strict=True)))
