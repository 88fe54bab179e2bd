"""`runner smoke` as a user meets it, and the faults of the engine that it is made of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from runner.engine.server import Faults, SessionRules
from tests.helpers import series
from tests.integration.engine_process import WAIT, engine
from tests.integration.test_cli import SMA, runner
from tests.integration.test_server_command import serving

HEAD = "from runner import Strategy\n\nclass Tried(Strategy):\n"
SURVIVES_NOT = {
    "no volume": (
        HEAD + "    def on_candle(self, candle):\n        self.size = 1 / candle.volume\n",
        "gaps, jumps and no volume",
        "E501",
    ),
    "parts": (
        HEAD + "    def on_candle(self, candle):\n"
        "        if self.is_flat and not self.orders:\n            self.buy(quantity=10)\n\n"
        "    def on_order(self, order):\n"
        "        assert str(order.status) != 'PARTIALLY_FILLED'\n",
        "fills in small parts",
        "E501",
    ),
    "refusals": (
        HEAD + "    def on_candle(self, candle):\n        self.buy(quantity=1)\n\n"
        "    def on_order(self, order):\n        assert str(order.status) != 'REJECTED'\n",
        "every order refused",
        "E501",
    ),
    "end": (
        HEAD + "    seen = 0\n\n    def on_candle(self, candle):\n        self.seen += 1\n\n"
        "    def on_stop(self):\n        assert self.seen > 200\n",
        "stopped in the middle",
        "E501",
    ),
    "chance": (
        "import random\n\n" + HEAD + "    def on_candle(self, candle):\n"
        "        if random.random() < 0.5:\n            self.buy(quantity=1)\n",
        "a wire that repeats and breaks",
        "E760",
    ),
}


def test_a_good_strategy_survives_and_exits_0() -> None:
    done = runner("smoke", SMA)

    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split("  ")[0] for line in done.stdout.splitlines()].count("ok") == 6


@pytest.mark.parametrize("name", SURVIVES_NOT)
def test_what_a_strategy_does_not_survive_is_found(name: str, tmp_path: Path) -> None:
    source, scenario, error_id = SURVIVES_NOT[name]
    file = tmp_path / "tried.py"
    file.write_text(source)

    done = runner("smoke", str(file), "--trust", "--json")

    assert done.returncode == 8
    assert "E803" in done.stderr
    failed = {
        one["scenario"]: one["error"]["id"]
        for one in json.loads(done.stdout)["scenarios"]
        if not one["passed"]
    }
    assert failed[scenario] == error_id


def test_a_strategy_that_cannot_be_loaded_exits_4() -> None:
    done = runner("smoke", "nowhere.py")

    assert (done.returncode, done.stdout) == (4, "")


def test_a_strategy_that_never_trades_is_warned_about(tmp_path: Path) -> None:
    file = tmp_path / "idle.py"
    file.write_text(HEAD + "    def on_candle(self, candle):\n        pass\n")

    done = runner("smoke", str(file), "--trust")

    assert done.returncode == 0
    assert "it ordered nothing" in done.stdout


def test_the_engine_cuts_and_repeats_where_it_was_told_to() -> None:
    rules = SessionRules(resume_seconds=WAIT, faults=Faults(repeat_every=2, cut_every=2))
    with engine(series(1.0, 2.0, 3.0), rules=rules) as running, running.websocket() as client:
        frames = list(_until_cut(client))

    candles = [one["event_id"] for one in frames if one["type"] == "candle"]
    # The second is sent twice before the cut; what the cut has overtaken is lost.
    assert candles in ([candles[0]], [candles[0], candles[1]], [candles[0], candles[1], candles[1]])


def _until_cut(client: ClientConnection) -> Iterator[dict[str, object]]:
    ack = {"type": "event_ack", "correlation_id": "a", "timestamp": 1}
    while True:
        try:
            frame = json.loads(client.recv(timeout=WAIT))
        except ConnectionClosed:
            return
        yield frame
        if "event_id" in frame:
            with suppress(ConnectionClosed):
                client.send(json.dumps(ack | {"events_processed": [frame["event_id"]]}))


def test_a_run_over_such_a_wire_is_the_undisturbed_one() -> None:
    command = ["--symbols", "S:AAPL", "--to", "2000-12-31", "--resume-window", "20s"]
    with serving(*command, "--faults", "repeat=5,cut=37") as (_, urls):
        addresses = {"ENGINE_WS_URL": urls["ws_url"], "ENGINE_REST_URL": urls["rest_url"]}
        disturbed = runner("run", SMA, "--json", SUBSCRIPTIONS="S:AAPL:candle", **addresses)
    straight = runner("run", SMA, "--json", "--to", "2000-12-31")

    assert disturbed.returncode == straight.returncode == 0
    assert json.loads(disturbed.stdout)["trades"] == json.loads(straight.stdout)["trades"]
    assert json.loads(disturbed.stdout)["equity"] == json.loads(straight.stdout)["equity"]
