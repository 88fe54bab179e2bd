"""Whatever bytes come in from outside, the outcome is a value or an error that is documented.

Each example ends by itself and holds a bounded amount of memory: that is what the suite's timeout
and the sizes in `runner` are for; here the kinds of outcome are looked at.
"""

from __future__ import annotations

import gzip
import json
import tempfile
import unicodedata
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.config.load import load_config
from runner.config.problems import InvalidConfigError
from runner.engine.csv_data import read_csv
from runner.errors import DataError
from runner.protocol import messages as m
from runner.protocol.codec import MAX_ID, decode, encode_raw
from runner.protocol.subscriptions import (
    SubscriptionError,
    format_subscriptions,
    parse_subscriptions,
)
from tests.helpers import AAPL
from tests.property.test_codec import raw_messages

MANY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
MOST_LINES = 6
"""Of an error that a person reads."""

Kind = TypeVar("Kind", bound=Exception)


def outcome(read: Callable[[], Any], refusal: type[Kind]) -> tuple[Any, Kind | None]:
    """Return what is read, and the documented error instead; any other error fails the test."""
    try:
        return read(), None
    except refusal as error:
        return None, error


def is_plain(text: str) -> bool:
    """Tell whether a text holds nothing that a terminal or a log would obey, but tabs."""
    return not any(unicodedata.category(one) in ("Cc", "Cs") for one in text.replace("\t", ""))


# Frames of the raw dialect; those of the other one are in `test_codec`.


@MANY
@given(raw_messages, st.integers(0, 10_000), st.integers(0, 255))
def test_a_damaged_raw_frame_is_read_or_malformed(message: Any, place: int, value: int) -> None:
    written = encode_raw(message, event_id="evt-1")
    damaged = bytearray(written)
    damaged[place % len(written)] = value

    found = decode(bytes(damaged))
    cut = decode(written[: place % len(written)])

    assert isinstance(found, m.Frame)
    assert found.event_id is None or len(found.event_id) <= MAX_ID
    assert isinstance(cut.message, m.Malformed)
    assert cut.event_id is None


@MANY
@given(st.integers(1, 200_000), st.sampled_from(["[", '{"a":', '{"type":[', '{"order":{']))
def test_F2_a_frame_nested_without_end_is_malformed_and_kept_short(deep: int, piece: str) -> None:
    found = decode(piece * deep)

    assert isinstance(found.message, m.Malformed)
    assert len(found.message.raw) <= m.MALFORMED_BYTES


# Subscriptions

_WORDS = ["S:AAPL", "C:BTCUSD", "candle", "candle_5m", "quote", ":", ",", " ", "[", "]", "{", "}"]
_WORDS += ['"instrument"', '"events"', "*", "\\", '"', "\u202e", "\0", "\n", "ON", "0700", "1:30"]
LISTS = st.text(max_size=60) | st.lists(st.sampled_from(_WORDS), max_size=16).map("".join)
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["instrument", "symbol", "events", "x"]), inner, max_size=3
        )
    ),
    max_leaves=10,
).map(json.dumps)


@MANY
@given(LISTS | JSONS)
def test_C11_subscriptions_are_read_or_refused_and_come_back_as_they_were(text: str) -> None:
    found, error = outcome(lambda: parse_subscriptions(text), SubscriptionError)

    if error is None:
        assert not found or parse_subscriptions(format_subscriptions(found)) == found
    else:
        assert error.problems
        assert all(is_plain(str(one)) for one in error.problems)


@pytest.mark.parametrize("piece", ["S:A:candle,", "[", ":", ",", '{"instrument":'])
def test_C11_a_long_list_is_read_or_refused(piece: str) -> None:
    found, error = outcome(lambda: parse_subscriptions(piece * 100_000), SubscriptionError)

    assert error is None or all(len(str(one)) < 1000 for one in error.problems[:10])
    assert found is None or len(found) <= 1


# Data files

_CELLS = st.one_of(
    st.sampled_from(
        ["2024-01-01T00:00:00Z", "2024-01-02", "1704067200", "1704067200000", "-1", "0", "", "10",
         "9.5", "1e400", "nan", "inf", "-0", "1_0", "٣", "0x10", "1,5", '"', "'", "\0", "\ufeff",
         "9" * 400, "2024-02-30", "2024-01-01T25:00:00Z", "2024-03-10T02:30:00-05:00"]
    ),
    st.text(max_size=12),
)  # fmt: skip
_HEADERS = st.sampled_from(
    ["timestamp,open,high,low,close,volume", "t,o,h,l,c,v", "date,close", "time,open,high,low", ""]
)
_ROWS = st.lists(st.lists(_CELLS, min_size=1, max_size=8).map(",".join), max_size=8)
_GOOD = [f"2024-01-{day:02d}T00:00:00Z,10,12,9,11,100" for day in range(1, 6)]
FILES = st.one_of(
    st.binary(max_size=300),
    st.builds(lambda head, rows: "\n".join([head, *rows]).encode("utf-8", "replace"), _HEADERS,
              _ROWS),
    st.builds(lambda rows, at: "\n".join(
        ["timestamp,open,high,low,close,volume", *_GOOD[:at], *rows, *_GOOD[at:]]
    ).encode("utf-8", "replace"), _ROWS, st.integers(0, 5)),
)  # fmt: skip


@MANY
@given(FILES, st.booleans(), st.booleans())
def test_no_file_of_prices_leads_to_anything_but_candles_or_a_data_error(
    content: bytes, packed: bool, cut: bool
) -> None:
    data = gzip.compress(content) if packed else content
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / ("prices.csv.gz" if packed else "prices.csv")
        file.write_bytes(data[: len(data) // 2] if cut else data)
        found, error = outcome(lambda: read_csv(file, symbol=AAPL, name="prices"), DataError)

    if error is not None:
        assert error.exit_code == 3
        assert len(error.lines()) <= MOST_LINES
        assert all(is_plain(line) for line in error.lines())
        return
    assert list(found.times) == sorted(set(found.times))
    for low, high, close in zip(found.lows, found.highs, found.closes, strict=True):
        assert 0 < low <= close <= high < inf


# A configuration of real keys with values that do not fit

_VALUES = st.one_of(
    st.sampled_from(
        ["ON", "NO", "0700", "1:30", "1e3", ".nan", ".inf", "-.inf", "-1", "5%", "~", "[]", "{}",
         "[1, 2]", "{a: 1}", "*a", "&a [*a]", "!!python/object/apply:os.system ['true']",
         "!!binary aGk=", "|\n  text", "2024-01-01", "'", '"\\x00"', "<<: 1", "9" * 5000, "../x"]
    ),
    st.text(max_size=12),
)  # fmt: skip
_SECTIONS = ("risk", "exchange", "connection", "data", "engine", "params")
_KEYS = (
    "max_drawdown", "max_order_quantity", "cash", "leverage", "commission", "path", "timeframe",
    "max_attempts", "backoff_max", "fast", "strategy", "subscriptions", "runtime", "ui", "speed",
)  # fmt: skip


@MANY
@given(
    st.lists(
        st.tuples(st.sampled_from(_SECTIONS), st.sampled_from(_KEYS), _VALUES), min_size=1,
        max_size=5,
    )
)  # fmt: skip
def test_C5_no_value_of_a_real_key_leads_to_anything_but_problems(
    lines: list[tuple[str, str, str]],
) -> None:
    text = "".join(f"{section}:\n  {key}: {value}\n" for section, key, value in lines)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "c.yaml").write_text(text, encoding="utf-8", errors="replace")
        _, error = outcome(
            lambda: load_config(Path("c.yaml"), flags={}, environ={}, cwd=Path(folder)),
            InvalidConfigError,
        )

    if error is not None:
        assert error.problems
        assert all(is_plain(line) for problem in error.problems for line in problem.lines())
