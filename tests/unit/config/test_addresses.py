"""Addresses and subscriptions, from every source."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.config.load import proxies_in_environment
from tests.unit.config.helpers import load, only_problem, problems

VARIABLES = ["ENGINE_WS_URL", "ENGINE_REST_URL", "GATEWAY_URL"]


@pytest.mark.parametrize("name", VARIABLES)
@pytest.mark.parametrize(
    "place",
    [
        "",
        "   ",
        "localhost:8080",
        "file:///etc/passwd",
        "ftp://localhost:8080",
        "{scheme}://localhost:0",
        "{scheme}://localhost:99999",
        "{scheme}://localhost:port",
        "{scheme}://",
        "{scheme}://:8080",
        '"{scheme}://localhost:8080"',
        "'{scheme}://localhost:8080'",
        "{scheme}://local host:8080",
        "{scheme}://[::1",
    ],
)
def test_C10_a_bad_address_names_its_variable(tmp_path: Path, name: str, place: str) -> None:
    scheme = "ws" if name == "ENGINE_WS_URL" else "http"

    problem = only_problem(tmp_path, env={name: place.format(scheme=scheme)})

    assert problem.where == f"variable {name}"
    assert problem.key in ("engine.ws_url", "engine.rest_url", "gateway.url")
    assert problem.hint.startswith(f"write it like {scheme}://localhost:80")


@pytest.mark.parametrize(
    ("name", "url"), [("ENGINE_WS_URL", "http://h:1"), ("ENGINE_REST_URL", "ws://h:1")]
)
def test_C10_the_scheme_of_the_other_protocol_is_refused(
    tmp_path: Path, name: str, url: str
) -> None:
    assert "must start with" in only_problem(tmp_path, env={name: url}).what


@pytest.mark.parametrize("engine", ["ENGINE_WS_URL", "ENGINE_REST_URL"])
def test_C10_engine_and_gateway_together_are_refused(tmp_path: Path, engine: str) -> None:
    url = "ws://h:1" if engine == "ENGINE_WS_URL" else "http://h:1"

    problem = only_problem(tmp_path, env={engine: url, "GATEWAY_URL": "http://h:2"})

    assert problem.key == "runtime"
    assert engine in problem.what
    assert "GATEWAY_URL" in problem.what


def test_C10_engine_and_gateway_in_different_sources_are_refused(tmp_path: Path) -> None:
    problem = only_problem(
        tmp_path, "engine: {ws_url: ws://h:1}", dotenv="GATEWAY_URL=http://h:2\n"
    )

    assert "c.yaml:1" in problem.what
    assert ".env:1" in problem.what


def test_C10_a_named_runtime_settles_it(tmp_path: Path) -> None:
    env = {"ENGINE_WS_URL": "ws://h:1", "GATEWAY_URL": "http://h:2", "RUNNER_RUNTIME": "gateway"}

    assert load(tmp_path, env=env).config.runtime == "gateway"


@pytest.mark.parametrize(
    ("env", "runtime", "origin"),
    [
        ({}, "embedded", "default"),
        ({"ENGINE_WS_URL": "ws://h:1"}, "engine", "implied by variable ENGINE_WS_URL"),
        ({"ENGINE_REST_URL": "http://h:1"}, "engine", "implied by variable ENGINE_REST_URL"),
        ({"GATEWAY_URL": "http://h:1"}, "gateway", "implied by variable GATEWAY_URL"),
        ({"GATEWAY_API_KEY": "k" * 32}, "embedded", "default"),
        (
            {"ENGINE_WS_URL": "ws://h:1", "RUNNER_RUNTIME": "embedded"},
            "embedded",
            "variable RUNNER_RUNTIME",
        ),
    ],
    ids=["none", "engine ws", "engine rest", "gateway", "only a key", "named"],
)
def test_the_runtime_follows_from_the_addresses(
    tmp_path: Path, env: dict[str, str], runtime: str, origin: str
) -> None:
    loaded = load(tmp_path, env=env)

    assert (loaded.config.runtime, str(loaded.origins["runtime"])) == (runtime, origin)


@pytest.mark.parametrize("name", VARIABLES)
def test_C12_a_login_in_an_address_is_refused_and_not_shown(tmp_path: Path, name: str) -> None:
    scheme = "ws" if name == "ENGINE_WS_URL" else "http"
    password = "hunter2" * 20

    problem = only_problem(tmp_path, dotenv=f"{name}={scheme}://me:{password}@host:1\n")

    assert problem.what.startswith("must not hold a user name or password")
    assert "hunter2" not in "\n".join(problem.lines())


def test_C13_proxies_are_named_without_their_logins() -> None:
    environ = {
        "http_proxy": "http://me:pw@proxy:3128",
        "HTTPS_PROXY": "http://proxy:3128",
        "no_proxy": "localhost",
        "ALL_PROXY": "",
        "proxy": "x",
    }

    assert proxies_in_environment(environ) == {
        "HTTPS_PROXY": "http://proxy:3128",
        "http_proxy": "http://********@proxy:3128",
        "no_proxy": "localhost",
    }


LIST = "S:AAPL:candle,C:BTCUSD:candle_5m, S:AAPL:quote,S:AAPL:candle"
ARRAY = '[{"platform":"tektii","instrument":"F:EURUSD","events":["candle_5m","quote"]}]'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            LIST,
            [("S:AAPL", "candle", None), ("C:BTCUSD", "candle", "5m"), ("S:AAPL", "quote", None)],
        ),
        (ARRAY, [("F:EURUSD", "candle", "5m"), ("F:EURUSD", "quote", None)]),
        ("", []),
    ],
    ids=["list", "array", "empty"],
)
@pytest.mark.parametrize("source", ["variable", "prefixed", "dotenv", "file", "flag"])
def test_C11_both_grammars_are_read_from_every_source(
    tmp_path: Path, source: str, text: str, expected: list[tuple[str, str, str | None]]
) -> None:
    match source:
        case "variable":
            loaded = load(tmp_path, env={"SUBSCRIPTIONS": text})
        case "prefixed":
            loaded = load(tmp_path, env={"RUNNER_SUBSCRIPTIONS": text})
        case "dotenv":
            loaded = load(tmp_path, dotenv=f"SUBSCRIPTIONS='{text}'\n")
        case "file":
            loaded = load(tmp_path, f"subscriptions: '{text}'\n")
        case _:
            loaded = load(tmp_path, flags={"subscriptions": [text]})

    found = [(one.symbol, one.event_type, one.timeframe) for one in loaded.config.subscriptions]
    assert found == expected


def test_C11_the_array_of_a_gateway_can_be_pasted_into_a_file(tmp_path: Path) -> None:
    loaded = load(tmp_path, f"subscriptions: {ARRAY}\n")

    assert [str(one.symbol) for one in loaded.config.subscriptions] == ["F:EURUSD", "F:EURUSD"]


def test_C11_each_bad_item_is_shown_on_its_own_line(tmp_path: Path) -> None:
    text = "subscriptions:\n  - S:AAPL:candle\n  - S:AAPL\n  - S:MSFT:cndle\n  -\n"

    found = problems(tmp_path, text)

    assert [(one.where, one.key) for one in found] == [
        ("c.yaml:3:5", "subscriptions"),
        ("c.yaml:4:5", "subscriptions"),
        ("c.yaml:5:4", "subscriptions"),
    ]
    assert found[1].hint == "did you mean S:MSFT:candle?"


def test_C11_every_bad_item_of_a_variable_is_named(tmp_path: Path) -> None:
    found = problems(tmp_path, env={"SUBSCRIPTIONS": "S:AAPL,S:MSFT:candle,S:GOOGL:trades"})

    assert [one.where for one in found] == ["variable SUBSCRIPTIONS"] * 2


def test_C11_a_blank_after_the_last_colon_is_explained(tmp_path: Path) -> None:
    problem = only_problem(tmp_path, "subscriptions:\n  - S:A:quote\n  - S:AAPL: candle\n")

    assert (problem.where, problem.hint) == (
        "c.yaml:3:5",
        "leave out the blank: S:AAPL:candle",
    )
