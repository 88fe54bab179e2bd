"""A WebSocket over TLS, with a certificate made for the test."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest

from runner.errors import ConnectError
from runner.protocol.commands import Rejection, SubmitOrder, Unanswered
from runner.protocol.enums import OrderType, Side
from runner.transports.rest import RestClient
from tests.helpers import AAPL
from tests.integration.peer import Client, drive, raw_server, running

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file that holds a key and a certificate of 127.0.0.1 signed with it."""
    folder = tmp_path_factory.mktemp("tls")
    file = folder / "both.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")),
        ],
        check=True,
        capture_output=True,
    )
    file.write_text((folder / "key.pem").read_text() + (folder / "certificate.pem").read_text())
    return file


def server_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def script(client: Client) -> None:
    for index in range(3):
        # Longer than a TLS record, so that one message comes in several.
        client.socket.send(f'{{"type":"x","event_id":"e{index}","padding":"{"x" * 40_000}"}}')
        client.ack()
    client.socket.send('{"type":"backtest_complete","event_id":"end"}')
    client.ack()
    client.wait_until_closed()


def test_a_backtest_runs_over_tls(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with running(script, ssl=server_context(certificate)) as peer:
        peer.ws_url = peer.ws_url.replace("ws", "wss")
        ending, _ = drive(peer)
        peer.done.wait()

    assert ending.confirmed
    assert peer.acked == ["e0", "e1", "e2", "end"]
    assert peer.timeline[-1] == ("closed", 1000)


def test_N1_a_certificate_that_nobody_vouches_for_is_exit_6(certificate: Path) -> None:
    with running(script, ssl=server_context(certificate)) as peer:
        peer.ws_url = peer.ws_url.replace("ws", "wss")
        with pytest.raises(ConnectError) as caught:
            drive(peer)

    assert caught.value.id == "E601"
    assert "certificate" in caught.value.why.lower()


def test_R1_an_order_to_a_host_with_a_false_certificate_never_leaves(certificate: Path) -> None:
    with running(script, ssl=server_context(certificate)) as peer:
        client = RestClient(peer.ws_url.replace("ws", "https"))
        reply = client.execute(SubmitOrder(AAPL, Side.BUY, Decimal(1), OrderType.MARKET))

    assert isinstance(reply, Rejection)
    assert reply.code == "NOT_SENT"
    assert "certificate" in reply.message.lower()


def test_R2_tls_that_breaks_down_is_no_proof_that_nothing_was_sent() -> None:
    def talk(sock: socket.socket) -> None:
        sock.recv(65_536)
        sock.sendall(b"this is not TLS at all, but it is long enough for a record header")

    with raw_server(talk) as (place, _):
        client = RestClient(f"https://{place}", look_up_after_s=())
        reply = client.execute(SubmitOrder(AAPL, Side.BUY, Decimal(1), OrderType.MARKET))

    assert isinstance(reply, Unanswered)
