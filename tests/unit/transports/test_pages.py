"""Pages for programs that watch: who is answered, with what, and who cannot hold the server up."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from runner.errors import ConfigError, MachineError
from runner.transports.pages import MOST_CONNECTIONS, Answer, Page, pages_at

SECRET = "a-token-of-nobody"


def torn(_: str) -> Answer:
    raise RuntimeError("changed while it was copied")


PAGES = {
    "/money": Page(lambda accept: Answer(f"100 {accept}".encode())),
    "/open": Page(lambda _: Answer(b"ok"), is_open=True),
    "/ill": Page(lambda _: Answer(b"ill", status=503), is_open=True),
    "/torn": Page(torn, is_open=True),
}


@contextmanager
def serving(host: str = "127.0.0.1", token: str | None = None) -> Iterator[int]:
    with pages_at(host, 0, PAGES, token=token) as port:
        yield port


def get(port: int, path: str, *, method: str = "GET", **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", headers=headers, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/open", (200, "ok")),
        ("/open?x=1", (200, "ok")),
        ("/money", (200, "100 text/html")),
        ("/ill", (503, "ill")),
        ("/torn", (503, "busy: ask again\n")),
        ("/", (404, "there are /money, /open, /ill, /torn\n")),
    ],
)
def test_a_page_is_made_when_it_is_asked_for(path: str, said: tuple[int, str]) -> None:
    with serving() as port:
        assert get(port, path, Accept="text/html") == said


def test_head_is_answered_without_a_body_and_nothing_else_is_understood() -> None:
    with serving() as port:
        assert get(port, "/open", method="HEAD") == (200, "")
        assert get(port, "/open", method="POST")[0] == 501


@pytest.mark.parametrize(
    ("presented", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": f"Basic {SECRET}"}, 401),
        ({"Authorization": f"Bearer {SECRET}"}, 200),
        ({"Authorization": f"bearer {SECRET} "}, 200),
    ],
    ids=str,
)
def test_X2_money_needs_the_token_and_health_does_not(
    presented: dict[str, str], status: int
) -> None:
    with serving("0.0.0.0", SECRET) as port:
        assert get(port, "/money", **presented)[0] == status
        assert get(port, "/open")[0] == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:1", 200),
        ("[::1]", 200),
        ("127.0.0.1", 200),
        ("evil.example", 403),
        ("127.0.0.1.evil.example:9108", 403),
        ("[", 403),
        ("", 403),
    ],
)
def test_a_page_of_the_web_cannot_read_it_under_a_name_of_its_own(host: str, status: int) -> None:
    with serving() as port:
        assert get(port, "/money", Host=host)[0] == status


def test_beyond_this_machine_any_name_will_do() -> None:
    with serving("0.0.0.0", SECRET) as port:
        assert get(port, "/open", Host="runner.example")[0] == 200


def test_X6_whoever_holds_connections_is_cut_off_and_others_are_answered() -> None:
    with serving() as port, ExitStack() as held:
        for _ in range(3 * MOST_CONNECTIONS):
            sock = held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
            sock.sendall(b"GET /open HT")

        assert get(port, "/open") == (200, "ok")


@pytest.mark.parametrize("sent", [b"\x00\xff\r\n\r\n", b"GET\r\n\r\n", b"G" * 70_000 + b"\r\n\r\n"])
def test_what_is_no_request_does_no_harm(sent: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    with serving() as port:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
            sock.sendall(sent)
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(65_536):
                pass
        assert get(port, "/open") == (200, "ok")

    assert capfd.readouterr() == ("", "")


def test_a_port_in_use_is_said() -> None:
    with serving() as port, pytest.raises(MachineError) as caught, pages_at("127.0.0.1", port, {}):
        pass

    assert caught.value.id == "E1001"
    assert str(port) in caught.value.what


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid", "a" * 300])
def test_an_address_of_another_machine_is_refused(host: str) -> None:
    with pytest.raises(ConfigError) as caught, pages_at(host, 0, {}):
        pass

    assert caught.value.id == "E332"


def test_the_port_is_free_again_afterwards() -> None:
    with serving() as port:
        pass

    with pages_at("127.0.0.1", port, PAGES) as again:
        assert again == port
