"""Other strategies at the same gateway, over real sockets."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.transports.rest import RestClient
from tests.integration.peer import Client, drive_live, running
from tests.integration.test_live_conditions import Told, finish

ALONE = "# TYPE gateway_ws_connections_active gauge\ngateway_ws_connections_active 1\n"
IN_COMPANY = ALONE.replace("active 1", "active 2")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (ALONE, 1),
        (IN_COMPANY, 2),
        ('gateway_ws_connections_active{platform="mock"} 1.0\r\n' * 2, 2),
        ("gateway_ws_connections_active_total 5\n", None),
        ("gateway_ws_connections_active NaN\n", None),
        ("", None),
        (None, None),
    ],
    ids=["one", "two", "labelled", "another", "nonsense", "nothing", "no such page"],
)
def test_A12_a_gateway_tells_how_many_strategies_it_has(
    text: str | None, count: int | None
) -> None:
    with running(finish) as peer:
        peer.book.metrics = text
        assert RestClient(peer.rest_url).connections() == count


def test_A12_a_second_strategy_at_a_gateway_is_warned_of_once(tmp_path: Path) -> None:
    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.wait_for(lambda: asked(client) > 2)
        client.book.metrics = IN_COMPANY
        client.wait_for(lambda: ("told", "GATEWAY_SHARED") in client.timeline)
        before = asked(client)
        client.wait_for(lambda: client.book.state_reads > 8)
        assert asked(client) == before
        finish(client)

    def asked(client: Client) -> int:
        return client.book.requests.count(("GET", "/metrics"))

    with running(script) as peer:
        peer.book.metrics = ALONE
        _, session = drive_live(peer, tmp_path, strategy=Told, company=True, reconcile_every_s=0.02)

    (notice,) = session.notices
    assert notice.message.startswith("2 strategies are connected to this gateway")


def test_A12_a_gateway_that_does_not_tell_is_not_asked_again(tmp_path: Path) -> None:
    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.wait_for(lambda: client.book.state_reads > 4)
        finish(client)

    with running(script) as peer:
        drive_live(peer, tmp_path, strategy=Told, company=True, reconcile_every_s=0.02)

    assert peer.book.requests.count(("GET", "/metrics")) == 1
