"""The pause between two resets of the circuit breakers, told by a clock of the test's own."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp.test_utils import make_mocked_request

from runner.engine.server import EngineServer
from runner.engine.server.answers import Refusal
from runner.engine.server.system import SystemEndpoints
from tests.helpers import series
from tests.integration.engine_process import factory


def test_circuit_breakers_can_be_reset_again_after_a_minute() -> None:
    now = [100.0]
    server = EngineServer(factory(series(1.0)), ws_port=0, rest_port=0)
    endpoints = SystemEndpoints(server, monotonic=lambda: now[0])

    def reset() -> int:
        request = make_mocked_request("POST", "/v1/circuit-breakers/reset")
        return asyncio.run(endpoints.reset_circuit_breakers(request)).status

    assert reset() == 200
    now[0] += 59.0
    with pytest.raises(Refusal, match="possible in 1 s") as refused:
        reset()
    now[0] += 1.0
    assert (refused.value.status, reset()) == (409, 200)
