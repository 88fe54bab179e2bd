"""The header before every frame, checked against an independent implementation."""

from __future__ import annotations

import pytest
from websockets.frames import Frame, Opcode

from runner.engine.server.stream import framed


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 70_000])
def test_a_frame_of_any_size_is_what_the_websockets_library_writes(size: int) -> None:
    payload = b"x" * size

    assert framed(payload) == Frame(Opcode.TEXT, payload).serialize(mask=False)
