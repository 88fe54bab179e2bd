"""Data files written by tests, and what reading them gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.engine.csv_data import read_csv
from runner.engine.series import Series
from runner.errors import DataError
from tests.helpers import AAPL

HEADER = "timestamp,open,high,low,close,volume\n"


ROW = "2024-01-{day:02d}T00:00:00Z,10,12,9,11,100\n"


def days(*numbers: int) -> str:
    return HEADER + "".join(ROW.format(day=number) for number in numbers)


def read(folder: Path, content: str | bytes, **options: object) -> Series:
    file = folder / "prices.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_csv(file, symbol=AAPL, name="prices.csv", **options)  # type: ignore[arg-type]


def refused(folder: Path, content: str | bytes, **options: object) -> DataError:
    with pytest.raises(DataError) as caught:
        read(folder, content, **options)
    assert caught.value.exit_code == 3
    assert len(caught.value.lines()) <= 6
    assert "\0" not in str(caught.value)
    str(caught.value).encode()  # nothing in it that a terminal or a log could not write
    return caught.value
