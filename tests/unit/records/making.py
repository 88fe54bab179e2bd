"""Records made by hand or by a real run, for the tests of this folder and of the commands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from runner.app import execute
from runner.config.load import load_config
from runner.records.files import write_whole
from runner.records.holding import Hold
from runner.records.lines import (
    BEGIN,
    END,
    ORDERS,
    SOURCE,
    TRADES,
    Begin,
    End,
    OrderLine,
    SessionPart,
    Setting,
    StrategyPart,
    TradeLine,
    encode_document,
    encode_lines,
)
from runner.records.reading import Record, read_record
from runner.records.shelf import Shelf
from runner.results.result import RunResult

MOMENT = datetime(2026, 1, 31, 12, tzinfo=UTC)

IN_AND_OUT = """
from runner import Candle, Strategy, param


class InAndOut(Strategy):
    default_subscriptions = ("S:AAPL:candle",)
    size: int = param(10, ge=1, help="units to buy")

    def on_candle(self, candle: Candle) -> None:
        if self.is_flat:
            self.buy(quantity=self.size, reason="flat")
        else:
            self.close(reason="held")
"""


def run_in(
    folder: Path, source: str = IN_AND_OUT, *, name: str = "in_and_out.py", **flags: Any
) -> RunResult:
    """Run a strategy in `folder` as the command line would, and return its result."""
    (folder / name).write_text(source)
    given = {"strategy": name, "data.to": "2000-04-30", **flags}
    loaded = load_config(None, flags=given, environ={}, cwd=folder)
    result, _ = execute(loaded, cwd=folder, environ={}, typed=["run", name])
    return result


def shelf_of(folder: Path) -> Shelf:
    """Return the shelf that runs in `folder` use."""
    return Shelf(folder / ".runner")


def recorded_run(folder: Path, **options: Any) -> Record:
    """Run a strategy in `folder` and return its record."""
    return read_record(shelf_of(folder).folder(run_in(folder, **options).record))


def drawing(*numbers: float) -> Iterator[float]:
    """Return numbers for the letters of ids: those given, then different ones."""
    yield from numbers
    for number in count():
        yield (number * 7 % 19) / 19


def begin_of(name: str, **changes: Any) -> Begin:
    """Return the beginning of a run that never took place."""
    begin = Begin(
        id=name,
        started=MOMENT,
        pid=1,
        command=["run", "some.py"],
        strategy=StrategyPart("Some", "some.py", "a" * 64, {"fast": 5}),
        runtime="embedded",
        peers=[],
        data="bundled sample",
        symbols=["S:AAPL"],
        timeframes=["1d"],
        candles=10,
        session=SessionPart(subscriptions=["S:AAPL:candle"]),
        settings=[Setting("exchange.cash", "100000", "default")],
        versions={"runner": "0.1.0", "python": "3.11.7"},
        events=False,
    )
    return msgspec.structs.replace(begin, **changes)


def end_of(why: str = "complete", **changes: Any) -> End:
    """Return an end without a result."""
    end = End(
        finished=MOMENT,
        why=why,
        exit_code=0,
        error=None,
        digest="d" * 64,
        data_digest="e" * 64,
        result=None,
    )
    return msgspec.structs.replace(end, **changes)


def put(
    shelf: Shelf,
    *,
    started: datetime = MOMENT,
    end: End | None = None,
    trades: list[TradeLine] | None = None,
    orders: list[OrderLine] | None = None,
    source: str = "",
    **begin: Any,
) -> tuple[Record, Hold]:
    """Put a record on a shelf, and return it with its hold."""
    shelf.prepare()

    def first(folder: Path, name: str) -> None:
        write_whole(folder / BEGIN, encode_document(begin_of(name, started=started, **begin)))
        write_whole(folder / SOURCE, source.encode())

    folder, hold = shelf.add(started, first)
    (folder / TRADES).write_bytes(encode_lines(trades or []))
    (folder / ORDERS).write_bytes(encode_lines(orders or []))
    if end is not None:
        write_whole(folder / END, encode_document(end))
        hold.release()
    return read_record(folder), hold


def trade_line(number: int = 1, **changes: Any) -> TradeLine:
    """Return an execution on the `number`-th day of January 2026."""
    line = TradeLine(
        f"t-{number}",
        datetime(2026, 1, number, tzinfo=UTC),
        "S:AAPL",
        "BUY",
        Decimal(10),
        Decimal(100),
        Decimal(0),
        None,
        "some reason",
        f"o-{number}",
    )
    return msgspec.structs.replace(line, **changes)


def order_line(id: str = "r-1", status: str = "OPEN", **changes: Any) -> OrderLine:
    """Return an order to buy ten."""
    line = OrderLine(id, "S:AAPL", "BUY", "MARKET", Decimal(10), status)
    return msgspec.structs.replace(line, **changes)
