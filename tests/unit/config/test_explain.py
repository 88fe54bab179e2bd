"""What is shown: every value with its origin, every problem with its place, and never a secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runner.config.explain import as_document, as_table, problems_document
from runner.config.keys import all_keys
from runner.config.problems import InvalidConfigError, Masker, Problem, nearest
from tests.unit.config.helpers import load

SECRET = "hunter2-hunter2-hunter2"


def test_a_table_shows_value_and_origin_of_each_kind(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        "exchange: {commission: {rate: 0.05%}}\nparams: {fast: 5}\ndata: {from: 2024-01-02}\n",
        env={"ENGINE_WS_URL": "ws://h:1", "SUBSCRIPTIONS": "S:AAPL:candle,S:MSFT:quote"},
        dotenv="RUNNER_TIMEOUT=90\n",
        flags={"max_events": 10},
    )

    rows = {line.split()[0]: line.split()[1:] for line in as_table(loaded, {}).splitlines()}

    assert rows["exchange.commission.rate"] == ["5", "bps", "c.yaml:1"]
    assert rows["params.fast"] == ["5", "c.yaml:2"]
    assert rows["data.from"] == ["2024-01-02", "c.yaml:3"]
    assert rows["runtime"] == ["engine", "implied", "by", "variable", "ENGINE_WS_URL"]
    assert rows["subscriptions"] == ["S:AAPL:candle,", "S:MSFT:quote", "variable", "SUBSCRIPTIONS"]
    assert rows["timeout"] == ["90s", ".env:1"]
    assert rows["max_events"] == ["10", "flag", "--max-events"]
    assert rows["connection.guard_after"] == ["250ms", "default"]
    assert rows["trust"] == ["false", "default"]


def test_a_document_has_every_key_once(tmp_path: Path) -> None:
    document = json.loads(json.dumps(as_document(load(tmp_path, "ui: none\n"), {})))

    assert document["schema"] == "runner.validate-config/1"
    assert document["valid"] is True
    assert document["file"] == "c.yaml"
    assert [row["key"] for row in document["values"]] == [key.name for key in all_keys().values()]
    assert {"key": "ui", "value": "none", "origin": "c.yaml:1"} in document["values"]


def test_what_is_shown_can_be_written_into_a_file_again(tmp_path: Path) -> None:
    text = "exchange: {cash: 12.50, slippage: {rate: 0.5%}}\n"
    text += "data: {from: 2024-01-02, to: 2024-02-03T00:00:00Z}\n"
    first = load(tmp_path, text, flags={"subscriptions": ["S:A:candle_5m"], "params": ["a=1"]})

    tree: dict[str, object] = {}
    for row in as_document(first, {})["values"]:
        if row["value"] not in (None, {}):
            *sections, name = row["key"].split(".")
            place: dict = tree
            for section in sections:
                place = place.setdefault(section, {})
            place[name] = row["value"]
    again = load(tmp_path, json.dumps(tree))

    assert again.config == first.config


def test_proxies_are_noted(tmp_path: Path) -> None:
    table = as_table(load(tmp_path), {"http_proxy": "http://proxy:1", "no_proxy": "x"})

    assert "note: http_proxy=http://proxy:1 is set; addresses of this machine" in table
    assert "no_proxy=" not in table


@pytest.mark.parametrize(
    "arguments",
    [
        {"env": {"GATEWAY_API_KEY": SECRET}},
        {"env": {"RUNNER_GATEWAY__API_KEY": SECRET}},
        {"dotenv": f"GATEWAY_API_KEY={SECRET}\n"},
        {"yaml": f"gateway: {{api_key: {SECRET}}}\n"},
        {"flags": {"gateway.api_key": SECRET}},
        {"yaml": f"gateway: {{api_key: {SECRET}, url: 'x'}}\n"},
        {"yaml": f"gateway:\n  api_kye: {SECRET}\n"},
        {"yaml": f"gateway: {{api_kye: {SECRET}, url: x}}\n"},
        {"yaml": f'gateway:\n  api_key: "{SECRET}\n'},
        {"yaml": f"gateway:\n  api_key: [{SECRET}]\n"},
        {"yaml": f"gateway:\n  api_key: {SECRET}\n  api_key: {SECRET}\n"},
        {"yaml": f"gateway:\n  api_key: !!str {SECRET}\n"},
        {"yaml": f"api_key: {SECRET}\n"},
        {"yaml": f"ui: {SECRET}\n", "env": {"GATEWAY_API_KEY": SECRET}},
        {"env": {"GATEWAY_API_KEY": SECRET + "\u00e9"}},
        {"env": {"GATEWAY_API_KEY": SECRET * 100}},
        {"env": {"RUNNER_GATEWAY__API_KYE": SECRET}},
        {"env": {"GATEWAY_API_KEY": SECRET, "RUNNER_GATEWAY__API_KEY": SECRET + "2"}},
        {"dotenv": f"GATEWAY_API_KEY={SECRET} {SECRET}\nRUNNER_UI=x\n"},
        {"dotenv": f'GATEWAY_API_KEY="{SECRET}\n'},
        {"dotenv": f"RUNNER_GATEWAY__API_KYE={SECRET}\n"},
    ],
    ids=str,
)
def test_a_secret_is_in_no_output(tmp_path: Path, arguments: dict[str, object]) -> None:
    try:
        loaded = load(tmp_path, **arguments)  # type: ignore[arg-type]
    except InvalidConfigError as error:
        shown = f"{error} {error!r} {error.lines()} {json.dumps(problems_document(error))}"
    else:
        shown = f"{as_table(loaded, {})} {json.dumps(as_document(loaded, {}))} {loaded!r}"
        assert "********" in shown

    assert "hunter2" not in shown


def test_a_problem_document_holds_everything_a_tool_needs(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfigError) as caught:
        load(tmp_path, "data:\n  pth: x\n")

    assert problems_document(caught.value) == {
        "schema": "runner.validate-config/1",
        "valid": False,
        "error": "E301",
        "problems": [
            {
                "where": "c.yaml:2:3",
                "key": "data.pth",
                "what": "is not a known key",
                "hint": "did you mean data.path?",
                "line": 2,
                "column": 3,
                "line_text": "  pth: x",
            }
        ],
    }


def test_an_error_reads_as_place_source_line_and_caret(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfigError) as caught:
        load(tmp_path, "exchange:\n  cash: -5\n", env={"RUNNER_UI": "loud"})

    assert str(caught.value).splitlines() == [
        "error[E301]: the configuration has 2 problems",
        "  c.yaml:2:9 exchange.cash: must be more than 0, was '-5'",
        "        cash: -5",
        "              ^",
        "  variable RUNNER_UI ui: must be one of auto, live, plain, json, none, was 'loud'",
    ]


def test_only_the_first_problems_of_very_many_are_printed() -> None:
    error = InvalidConfigError([Problem("c.yaml:1:1", f"k{n}", "is bad") for n in range(100)])

    assert len(error.problems) == 100
    assert error.lines()[-1] == "  and 75 more"


@pytest.mark.parametrize(
    ("word", "expected"),
    [("cahs", "cash"), ("CASH", "cash"), ("cas", "cash"), ("leverages", "leverage"), ("xyz", "")],
)
def test_the_nearest_spelling_is_found(word: str, expected: str) -> None:
    assert nearest(word, ["cash", "leverage", "currency"]) == expected


def test_a_key_cannot_steer_the_terminal(tmp_path: Path) -> None:
    text = '"\\e[2J": 1\nparams: {"\\e[1m": 2}\n? ' + "k" * 5000 + "\n: 3\n"

    with pytest.raises(InvalidConfigError) as caught:
        load(tmp_path, text)

    assert all(line.isprintable() for line in caught.value.lines())
    assert max(len(line) for line in caught.value.lines()) < 1200


def test_a_mask_covers_logins_and_known_secrets() -> None:
    masker = Masker(["abcd", "abcdef"])

    assert masker.text("x abcdef y http://me:pw@h/ z") == "x ******** y http://********@h/ z"
