"""Who may come in: judged by Host, then Origin, then token."""

from __future__ import annotations

import pytest

from runner.engine.server import Guard
from runner.engine.server.security import OPEN_PATHS, split_host
from runner.errors import ConfigError

PORT = 8080


def refused(
    guard: Guard,
    headers: dict[str, str] | None = None,
    *,
    hosts: tuple[str, ...] = ("localhost:8080",),
) -> int | None:
    found = guard.refusal(headers or {}, hosts, path="/v1/account", port=PORT)
    return None if found is None else found.status


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("localhost:8080", ("localhost", 8080)),
        ("LOCALHOST.:8080", ("localhost", 8080)),
        ("127.0.0.1", ("127.0.0.1", 80)),
        ("[::1]:8080", ("::1", 8080)),
        ("[::1]", ("::1", 80)),
        ("::1:8080", ("", 0)),
        ("localhost:", ("", 0)),
        ("localhost:80a", ("", 0)),
        ("localhost:²", ("", 0)),
        ("localhost:999999", ("", 0)),
        ("", ("", 80)),
    ],
)
def test_a_host_header_is_split(value: str, expected: tuple[str, int]) -> None:
    assert split_host(value) == expected


@pytest.mark.parametrize(
    "host", ["localhost:8080", "127.0.0.1:8080", "[::1]:8080", "127.0.0.9:8080"]
)
def test_X5_names_of_this_machine_are_let_in(host: str) -> None:
    assert refused(Guard(), hosts=(host,)) is None


@pytest.mark.parametrize(
    "hosts",
    [
        ("evil.example:8080",),
        ("localhost:8081",),
        ("localhost",),
        ("127.0.0.1.evil.example:8080",),
        ("localhost@evil.example:8080",),
        ("0.0.0.0:8080",),
        ("",),
        (),
        ("localhost:8080", "evil.example:8080"),
    ],
)
def test_X5_every_other_host_is_refused(hosts: tuple[str, ...]) -> None:
    assert refused(Guard(), hosts=hosts) == 403


def test_X5_the_host_listened_on_is_let_in_beside_the_names_of_this_machine() -> None:
    guard = Guard("10.0.0.5", token="k")
    headers = {"X-API-Key": "k"}

    assert refused(guard, headers, hosts=("10.0.0.5:8080",)) is None
    assert refused(guard, headers, hosts=("localhost:8080",)) is None
    assert refused(guard, headers, hosts=("10.0.0.6:8080",)) == 403


def test_X5_all_addresses_have_names_nobody_knows_so_the_token_alone_decides() -> None:
    guard = Guard("0.0.0.0", token="k")

    assert refused(guard, {"X-API-Key": "k"}, hosts=("trading.example:80",)) is None
    assert refused(guard, hosts=("trading.example:80",)) == 401


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "", "http://localhost:8080"])
def test_X4_a_page_that_is_not_allowed_is_refused(origin: str) -> None:
    assert refused(Guard(), {"Origin": origin}) == 403


def test_X4_an_allowed_page_is_let_in() -> None:
    guard = Guard(origins=frozenset({"http://localhost:3000"}))

    assert refused(guard, {"Origin": "http://localhost:3000"}) is None
    assert refused(guard, {"Origin": "http://localhost:3001"}) == 403


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.5", "example.com", ""])
@pytest.mark.parametrize("token", [None, ""])
def test_X3_serving_others_without_a_token_is_a_configuration_error(
    host: str, token: str | None
) -> None:
    with pytest.raises(ConfigError) as caught:
        Guard(host, token)

    assert (caught.value.id, caught.value.exit_code) == ("E371", 3)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_X3_serving_this_machine_needs_no_token(host: str) -> None:
    assert Guard(host).token is None


@pytest.mark.parametrize("token", ["sch\u00f6n", "can\nary", " canary", "canary "])
def test_a_token_that_no_header_can_carry_is_a_configuration_error(token: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Guard(token=token)

    assert caught.value.id == "E372"
    assert token.strip() not in str(caught.value)


def test_X1_a_guard_does_not_show_its_token() -> None:
    assert "canary" not in repr(Guard(token="canary"))


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "MISSING_API_KEY"),
        ({"Authorization": "Bearer "}, "MISSING_API_KEY"),
        ({"Authorization": "Basic k"}, "MISSING_API_KEY"),
        ({"Authorization": "bearer k"}, "MISSING_API_KEY"),
        ({"Authorization": "Bearer x"}, "INVALID_API_KEY"),
        ({"X-API-Key": "kk"}, "INVALID_API_KEY"),
        ({"X-API-Key": "\u00e9"}, "INVALID_API_KEY"),
        ({"X-API-Key": "\udcff"}, "INVALID_API_KEY"),
        ({"Authorization": "Bearer x", "X-API-Key": "k"}, "INVALID_API_KEY"),
    ],
)
def test_without_the_token_the_answer_is_401_and_says_what_is_wrong(
    headers: dict[str, str], code: str
) -> None:
    found = Guard(token="k").refusal(headers, ["localhost:8080"], path="/v1/account", port=PORT)

    assert found is not None
    assert (found.status, found.envelope.code, found.envelope.details) == (
        401,
        "UNAUTHORIZED",
        {"code": code},
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer k"},
        {"Authorization": "Bearer  k "},
        {"X-API-Key": "k"},
        {"Authorization": "Basic x", "X-API-Key": "k"},
        {"Authorization": "Bearer ", "X-API-Key": "k"},
    ],
)
def test_the_token_is_taken_from_either_header(headers: dict[str, str]) -> None:
    assert refused(Guard(token="k"), headers) is None


@pytest.mark.parametrize("path", sorted(OPEN_PATHS))
def test_health_answers_without_the_token(path: str) -> None:
    assert Guard(token="k").refusal({}, ["localhost:8080"], path=path, port=PORT) is None
