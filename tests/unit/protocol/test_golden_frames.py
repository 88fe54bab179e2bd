"""The golden frames of both dialects: read, written back, and compared with one another."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter
from tektii.models import GatewayEvent

from runner.protocol.codec import decode, encode, encode_raw
from runner.protocol.decode import KNOWN_TYPES
from runner.protocol.messages import Malformed, Unknown

FRAMES = Path(__file__).parents[2] / "conformance" / "frames"
NORMALISED = sorted(FRAMES.glob("normalised_*.json"))
RAW = sorted(FRAMES.glob("raw_*.json"))


def frame_of(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text())["frame"])


@pytest.mark.parametrize("path", NORMALISED, ids=lambda path: path.stem)
def test_a_normalised_golden_frame_is_read_and_written_back_unchanged(path: Path) -> None:
    expected = frame_of(path)

    frame = decode(json.dumps(expected))
    written = encode(frame.message, event_id=frame.event_id, timestamp=frame.timestamp)

    assert not isinstance(frame.message, Unknown | Malformed)
    assert expected == json.loads(written)


@pytest.mark.parametrize("path", RAW, ids=lambda path: path.stem)
def test_a_raw_golden_frame_is_read_and_written_back_unchanged(path: Path) -> None:
    expected = frame_of(path)

    frame = decode(json.dumps(expected))
    written = encode_raw(frame.message, event_id=frame.event_id)

    assert not isinstance(frame.message, Unknown | Malformed)
    assert expected == json.loads(written)


@pytest.mark.parametrize("path", RAW, ids=lambda path: path.stem)
def test_N6_both_dialects_of_a_golden_frame_give_the_identical_message(path: Path) -> None:
    other = FRAMES / path.name.replace("raw_", "normalised_")
    lost = {"backtest_complete": "broker"}.get(path.stem.removeprefix("raw_"), "")
    expected = frame_of(other)
    expected.pop(lost, None)
    if expected["type"] == "event_ack":
        expected.pop("timestamp")

    raw, normalised = decode(json.dumps(frame_of(path))), decode(json.dumps(expected))

    assert normalised.message == raw.message
    assert normalised.event_id == raw.event_id


def test_every_type_of_frame_has_a_golden_example() -> None:
    assert {f"normalised_{kind}" for kind in KNOWN_TYPES} == {path.stem for path in NORMALISED}


def test_the_sender_clock_of_a_golden_candle_is_kept_beside_the_message() -> None:
    frame = decode(json.dumps(frame_of(FRAMES / "normalised_candle.json")))

    assert datetime(2025, 3, 4, 15, 31, 0, 250000, tzinfo=UTC) == frame.timestamp


@pytest.mark.parametrize(
    "path",
    # The official client knows no INVALID_ORDER code, and the last two are frames of a client.
    [path for path in NORMALISED if not path.stem.endswith(("_error", "_pong", "_event_ack"))],
    ids=lambda path: path.stem,
)
def test_the_official_client_reads_what_we_write(path: Path) -> None:
    official = TypeAdapter(GatewayEvent)
    frame = decode(json.dumps(frame_of(path)))

    written = encode(frame.message, event_id=frame.event_id, timestamp=frame.timestamp)

    assert official.validate_python(json.loads(written)).type == frame_of(path)["type"]
