"""The targets: each reads bytes as one kind of input from outside, and judges what comes of it.

What is documented is a value that holds what it promises, or an error of the right kind with no
more than a few lines, none of which a terminal would obey. Time and memory are bounded by whoever
plays a target, see `python -m tests.fuzz`.
"""

from __future__ import annotations

import gzip
import tempfile
import unicodedata
import zlib
from collections.abc import Callable
from contextlib import suppress
from math import inf
from pathlib import Path

from runner.config.load import load_config
from runner.config.problems import InvalidConfigError
from runner.engine.csv_data import read_csv
from runner.errors import DataError
from runner.protocol import messages as m
from runner.protocol.codec import MAX_ID, decode, encode
from runner.protocol.subscriptions import (
    SubscriptionError,
    format_subscriptions,
    parse_subscriptions,
)
from tests.helpers import AAPL, START

MOST_LINES = 6
"""Of an error that a person reads."""
MOST_TEXT = 20_000
"""Characters of all problems of a small input together."""
Target = Callable[[bytes], None]


def is_plain(text: str) -> bool:
    """Tell whether a text holds nothing that a terminal or a log would obey, but tabs."""
    return not any(unicodedata.category(one) in ("Cc", "Cs") for one in text.replace("\t", ""))


def frames(data: bytes) -> None:
    """Read a frame of either dialect; what was read can be written, and read again as the same."""
    found = decode(data)

    assert isinstance(found, m.Frame)
    message, event_id = found.message, found.event_id
    assert event_id is None or 0 < len(event_id) <= MAX_ID
    if isinstance(message, m.Malformed):
        assert len(message.raw) <= m.MALFORMED_BYTES
        return
    try:
        written = encode(message, event_id=event_id, timestamp=START)
    except ValueError:
        return  # of those that only a peer sends
    again = decode(written)
    # A ping that says no moment is sent with the one of its sender.
    assert again.message == message or isinstance(message, m.Ping), (message, again.message)
    assert again.event_id in (event_id, None)


def subscriptions(data: bytes) -> None:
    """Read a list of subscriptions; what was read comes back as it was."""
    try:
        found = parse_subscriptions(data.decode("utf-8", "surrogateescape"))
    except SubscriptionError as error:
        told = [str(one) for one in error.problems]
        assert told
        assert all(map(is_plain, told))
        return
    assert not found or parse_subscriptions(format_subscriptions(found)) == found


def configuration(data: bytes) -> None:
    """Read a configuration file; it is valid, or its problems are told plainly."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "c.yaml").write_bytes(data)
        refusal = None
        try:
            load_config(Path("c.yaml"), flags={}, environ={}, cwd=Path(folder))
        except InvalidConfigError as error:
            refusal = error
    if refusal is not None:
        assert refusal.problems
        assert refusal.exit_code == 3
        assert sum(map(len, refusal.lines())) <= MOST_TEXT
        for problem in refusal.problems:
            assert all(map(is_plain, problem.lines())), problem


def prices(data: bytes) -> None:
    """Read a file of candles; they are in order and make sense, or it is refused."""
    _read(data, "prices.csv")


def archives(data: bytes) -> None:
    """Read a packed file of candles, also one that is packed well around any content."""
    packed = data
    if data[:1] == b"\x00":
        packed = gzip.compress(data[1:], mtime=0)
    elif data[:1] == b"\x01":
        with suppress(zlib.error):
            packed = gzip.compress(data[1:], mtime=0) + data[-9:]
    _read(packed, "prices.csv.gz")


def _read(data: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / name
        file.write_bytes(data)
        refusal = None
        try:
            found = read_csv(file, symbol=AAPL, name=name)
        except DataError as error:
            refusal = error
    if refusal is not None:
        lines = refusal.lines()
        assert refusal.exit_code == 3
        assert len(lines) <= MOST_LINES
        assert sum(map(len, lines)) <= MOST_TEXT
        assert all(map(is_plain, lines)), lines
        return
    assert list(found.times) == sorted(set(found.times))
    for first, low, high, close in zip(
        found.opens, found.lows, found.highs, found.closes, strict=True
    ):
        assert 0 < low <= min(first, close) <= max(first, close) <= high < inf


TARGETS: dict[str, Target] = {
    one.__name__: one for one in (frames, subscriptions, configuration, prices, archives)
}
