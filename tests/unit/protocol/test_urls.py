"""Addresses: judged, and derived from one another."""

from __future__ import annotations

import pytest

from runner.protocol.urls import (
    HTTP_SCHEMES,
    check_url,
    gateway_http_url,
    gateway_ws_url,
    is_loopback,
    url_problem,
)


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("http://localhost:8080", "ws://localhost:8080/v1/ws"),
        ("http://localhost:8080/", "ws://localhost:8080/v1/ws"),
        ("https://gw.example.com", "wss://gw.example.com/v1/ws"),
        ("https://gw.example.com/team/a/", "wss://gw.example.com/team/a/v1/ws"),
        ("ws://h:1", "ws://h:1/v1/ws"),
        ("wss://h:65535", "wss://h:65535/v1/ws"),
        ("HTTP://[::1]:8080", "ws://[::1]:8080/v1/ws"),
    ],
)
def test_the_websocket_url_of_a_gateway_swaps_only_the_scheme(base: str, expected: str) -> None:
    assert expected == gateway_ws_url(base)


@pytest.mark.parametrize(
    ("base", "expected"),
    [("ws://h:1/a/", "http://h:1/a"), ("wss://h", "https://h"), ("http://h:1", "http://h:1")],
)
def test_the_rest_base_of_a_gateway_has_no_trailing_slash(base: str, expected: str) -> None:
    assert expected == gateway_http_url(base)


@pytest.mark.parametrize(
    "base", ["ftp://h", "localhost:8080", "http://h/v1/ws", "http://h/v1/ws/", "", "http://h?a=1"]
)
def test_a_gateway_base_that_cannot_be_one_is_refused(base: str) -> None:
    with pytest.raises(ValueError, match=r"must|is empty"):
        gateway_ws_url(base)


@pytest.mark.parametrize(
    "url",
    [
        "ws://localhost:8081",
        "wss://engine.example.com",
        "ws://[::1]:9",
        "ws://my_host:1/ws/",
        "WS://h",
    ],
)
def test_C10_a_sound_address_has_no_problem(url: str) -> None:
    assert url_problem(url) is None
    assert url == check_url(url)


@pytest.mark.parametrize(
    ("url", "phrase"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        ("http://h:1", "must start with ws:// or wss://, was http://"),
        ("file:///etc/passwd", "must start with"),
        ("localhost:8081", "must start with"),
        ("//h:1", "must start with"),
        ("ws:h:1", "must start with"),
        ("ws://", "names no host"),
        ("ws://:8081", "names no host"),
        ("ws://h:0", "port from 1 to 65535"),
        ("ws://h:99999", "port from 1 to 65535"),
        ("ws://h:-1", "port from 1 to 65535"),
        ("ws://h:http", "port from 1 to 65535"),
        ("ws://h:", "port from 1 to 65535"),
        ("ws://user:secret@h:1", "user name or password"),
        ("ws://user@h:1", "user name or password"),
        ("ws://h:1/a b", "blank"),
        (" ws://h:1", "blank"),
        ("ws://h:1\n", "blank or a control character"),
        ("ws://h\x00:1", "blank or a control character"),
        ('"ws://h:1"', "wrapped in quotes"),
        ("'ws://h:1'", "wrapped in quotes"),
        ("ws://h'h:1", "quote character"),
        ("ws://[::1:1", "is not a URL"),
        ("ws://h:1/#a", "query or a fragment"),
        ("ws://h:1/?a=b", "query or a fragment"),
    ],
    ids=repr,
)
def test_C10_an_unsound_address_is_told_what_is_wrong(url: str, phrase: str) -> None:
    assert phrase in str(url_problem(url))
    with pytest.raises(ValueError, match=r".+"):
        check_url(url)


def test_the_schemes_may_be_chosen() -> None:
    assert url_problem("http://h:1", schemes=HTTP_SCHEMES) is None
    assert "http:// or https://" in str(url_problem("ws://h:1", schemes=HTTP_SCHEMES))


def test_X1_the_phrase_never_repeats_a_password() -> None:
    assert "secret" not in str(url_problem("ws://user:secret@h:1"))
    assert "secret" not in str(url_problem("http://user:secret@h:1"))


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.255.0.9", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("LOCALHOST", True),
        ("0.0.0.0", False),
        ("::", False),
        ("128.0.0.1", False),
        ("169.254.169.254", False),
        ("192.168.0.1", False),
        ("localhost.example.com", False),
        ("127.0.0.1.example.com", False),
        ("127.1", False),
        ("0177.0.0.1", False),
        ("2130706433", False),
        ("::2", False),
        ("::ffff:127.0.0.1", False),
        ("", False),
    ],
)
def test_X2_only_this_machine_is_loopback(host: str, expected: bool) -> None:
    assert expected is is_loopback(host)
