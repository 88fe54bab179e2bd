"""What a gateway says that it can do, read before a live run begins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runner.errors import ConnectError, ProtocolError
from runner.protocol.messages import Candle
from tests.integration.gateway import ended, gateway, stays, strategy_in
from tests.integration.peer import Client, Handler, Noting, drive_live, running
from tests.integration.test_live_conditions import Told, finish

SIMPLE = {
    "supported_asset_classes": ["STOCK"],
    "supported_order_types": ["MARKET", "LIMIT"],
    "position_mode": "NETTING",
    "features": ["short_selling"],
}


def one_candle(client: Client) -> None:
    client.candles(0)
    client.ack()
    finish(client)


class Asking(Told):
    """Asks for orders of several kinds, and keeps why they were denied."""

    def on_candle(self, candle: Candle) -> None:
        self.buy(quantity=1, trail=5)
        self.buy(quantity=2, stop=120)
        self.buy(quantity=3, limit=90, post_only=True)
        self.buy(quantity=4, limit=90)

    def on_start(self) -> None:
        super().on_start()
        self.timeline.append(("started",))


def test_capabilities_are_read_with_the_state_before_on_start(tmp_path: Path) -> None:
    with running(one_candle) as peer:
        peer.book.capabilities = SIMPLE

        def note(handler: Handler) -> bool:
            peer.timeline.append(("get", handler.route[0]))
            return False

        peer.book.faults["GET"] = [note] * 10
        drive_live(peer, tmp_path, strategy=Asking)

    read = [one[1] for one in peer.timeline[: peer.timeline.index(("started",))] if len(one) > 1]
    assert sorted(read) == ["account", "capabilities", "orders", "positions"]


def test_an_order_of_a_kind_that_the_gateway_does_not_list_is_not_sent(tmp_path: Path) -> None:
    with running(one_candle) as peer:
        peer.book.capabilities = SIMPLE
        _, session = drive_live(peer, tmp_path, strategy=Asking)

    assert [one["quantity"] for one in peer.book.posts] == ["4"]
    messages = [one.reject_message for one in session.rejections]
    assert {one.reject_reason for one in session.rejections} == {"DENIED_UNSUPPORTED"}
    assert messages == [
        "the gateway takes no TRAILING_STOP orders: supported_order_types is MARKET, LIMIT",
        "the gateway takes no STOP orders: supported_order_types is MARKET, LIMIT",
        "the gateway takes no post-only orders: features is short_selling",
    ]


@pytest.mark.parametrize("told", [None, {}], ids=["no such endpoint", "an empty answer"])
def test_a_gateway_that_does_not_say_is_sent_everything(
    tmp_path: Path, told: dict[str, Any] | None
) -> None:
    with running(one_candle) as peer:
        peer.book.capabilities = told
        drive_live(peer, tmp_path, strategy=Asking)

    assert [one["quantity"] for one in peer.book.posts] == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("status", "body", "kind", "id"),
    [(500, b"", ConnectError, "E610"), (200, b'{"features":"all"}', ProtocolError, "E741")],
    ids=["500", "nonsense"],
)
def test_R13_capabilities_that_cannot_be_read_stop_the_start(
    tmp_path: Path, status: int, body: bytes, kind: type[Exception], id: str
) -> None:
    def fail(handler: Handler) -> bool:
        if handler.route != ["capabilities"]:
            return False
        handler.answer(status, body)
        return True

    with running(one_candle) as peer:
        peer.book.faults["GET"] = [fail] * 100
        with pytest.raises(kind) as caught:
            drive_live(peer, tmp_path, strategy=Noting)

    assert caught.value.id == id  # type: ignore[attr-defined]
    assert peer.connections == 0


def test_a_dry_run_is_denied_the_same(tmp_path: Path) -> None:
    text = """
from runner import Strategy


class Trailing(Strategy):
    def on_candle(self, candle):
        self.buy(quantity=1, trail=5)
"""

    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.complete()
        stays(client)

    with gateway(script) as there:
        there.book.capabilities = SIMPLE
        code, document, said = ended(
            there.start(tmp_path, "run", strategy_in(tmp_path, text), "--dry-run", "--json")
        )

    assert code == 0, said
    assert [one["reason"] for one in document["rejections"]] == ["DENIED_UNSUPPORTED"]
    assert there.writes == []
