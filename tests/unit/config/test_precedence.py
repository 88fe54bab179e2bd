"""Flag > environment > `.env` > file > default, key by key, and every value knows its source."""

from __future__ import annotations

import os
from itertools import combinations
from pathlib import Path

import pytest

from runner.config.models import RunConfig
from tests.unit.config.helpers import load, only_problem, problems

SOURCES = {
    "file": {"yaml": "max_events: 1\n"},
    "dotenv": {"dotenv": "RUNNER_MAX_EVENTS=2\n"},
    "variable": {"env": {"RUNNER_MAX_EVENTS": "3"}},
    "flag": {"flags": {"max_events": 4}},
}
"""The sources from weak to strong; each sets the number of its rank."""


@pytest.mark.parametrize(
    "names",
    [names for size in range(1, 5) for names in combinations(SOURCES, size)],
    ids="+".join,
)
def test_the_strongest_source_wins(tmp_path: Path, names: tuple[str, ...]) -> None:
    arguments = {part: value for name in names for part, value in SOURCES[name].items()}

    loaded = load(tmp_path, **arguments)  # type: ignore[arg-type]

    assert loaded.config.max_events == list(SOURCES).index(names[-1]) + 1
    assert loaded.origins["max_events"].kind == names[-1]


def test_without_any_source_the_default_stands(tmp_path: Path) -> None:
    loaded = load(tmp_path)

    assert loaded.config.max_events is None
    assert {origin.kind for origin in loaded.origins.values()} == {"default"}


def test_sources_are_merged_key_by_key(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        "exchange: {cash: 1, commission: {rate: 1 bps, minimum: 1}}\n",
        env={"RUNNER_EXCHANGE__COMMISSION__MINIMUM": "2"},
        flags={"exchange.cash": "3"},
    )

    exchange = loaded.config.exchange
    assert (exchange.cash, exchange.commission.minimum) == (3, 2)
    assert exchange.commission.rate > 0


def test_params_are_merged_name_by_name(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        "params: {fast: 1, slow: 1, Size: 1}\n",
        env={"RUNNER_PARAMS__SLOW": "2"},
        flags={"params": ["fast=3", "mode=a=b"]},
    )

    assert loaded.config.params == {"fast": "3", "slow": "2", "Size": "1", "mode": "a=b"}
    assert str(loaded.origins["params.slow"]) == "variable RUNNER_PARAMS__SLOW"
    assert str(loaded.origins["params.Size"]) == "c.yaml:1"


def test_subscriptions_are_replaced_not_merged(tmp_path: Path) -> None:
    loaded = load(
        tmp_path, "subscriptions: [S:A:candle, S:B:candle]\n", env={"SUBSCRIPTIONS": "S:C:quote"}
    )

    assert [str(one) for one in loaded.config.subscriptions] == ["S:C:quote"]


def test_a_valid_stronger_value_hides_a_bad_weaker_one(tmp_path: Path) -> None:
    assert load(tmp_path, "max_events: no\n", flags={"max_events": 1}).config.max_events == 1


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("ENGINE_WS_URL", "ws://h:1/ws", lambda c: c.engine.ws_url),
        ("ENGINE_REST_URL", "http://h:1", lambda c: c.engine.rest_url),
        ("GATEWAY_URL", "https://h", lambda c: c.gateway.url),
        ("GATEWAY_API_KEY", "k" * 32, lambda c: c.gateway.api_key.get_secret_value()),
        ("SUBSCRIPTIONS", "S:AAPL:candle", lambda c: str(c.subscriptions[0])),
    ],
)
def test_the_variables_of_the_guide_keep_their_names(tmp_path: Path, name, value, read) -> None:
    assert read(load(tmp_path, env={name: value}).config) == value


def test_one_key_set_by_two_variables_must_agree(tmp_path: Path) -> None:
    env = {"ENGINE_WS_URL": "ws://h:1", "RUNNER_ENGINE__WS_URL": "ws://h:2"}

    problem = only_problem(tmp_path, env=env)

    assert problem.what == "is set by ENGINE_WS_URL and differently by RUNNER_ENGINE__WS_URL"


def test_an_empty_key_counts_as_not_set(tmp_path: Path) -> None:
    assert load(tmp_path, env={"GATEWAY_API_KEY": ""}).config.gateway.api_key is None


def test_the_process_environment_is_never_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "RUNNER_MAX_EVENTS", "5")
    monkeypatch.setitem(os.environ, "MAX_EVENTS", "5")
    monkeypatch.setitem(os.environ, "ENGINE", "{}")

    assert load(tmp_path).config.max_events is None
    assert RunConfig().max_events is None


def test_the_lines_of_a_dotenv_file_are_known(tmp_path: Path) -> None:
    loaded = load(
        tmp_path, dotenv='\n# ours\n\nexport RUNNER_UI="plain"\nOTHER=1\nRUNNER_TRUST=true # yes\n'
    )

    assert (loaded.config.ui, loaded.config.trust) == ("plain", True)
    assert str(loaded.origins["ui"]) == ".env:4"
    assert str(loaded.origins["trust"]) == ".env:6"


def test_a_broken_dotenv_line_is_shown(tmp_path: Path) -> None:
    found = problems(tmp_path, dotenv='A=1\n\nRUNNER_UI="plain\nB=2\n')

    assert found[0].where == ".env:3:1"
    assert found[0].what == "is not NAME=value"
    assert found[0].line_text == 'RUNNER_UI="plain'


def test_a_bad_value_in_a_dotenv_file_is_shown_on_its_line(tmp_path: Path) -> None:
    problem = only_problem(tmp_path, dotenv="A=1\nexport RUNNER_UI=loud\n")

    assert (problem.where, problem.key) == (".env:2:8", "ui")


def test_a_misspelt_variable_in_a_dotenv_file_is_refused(tmp_path: Path) -> None:
    problem = only_problem(tmp_path, dotenv="RUNNER_MAX_EVENT=1\n")

    assert problem.hint == "did you mean RUNNER_MAX_EVENTS?"


def test_a_folder_called_dotenv_is_a_virtual_environment(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()

    assert load(tmp_path).config == RunConfig()


def test_a_dotenv_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"A=\xff\n")

    assert only_problem(tmp_path).where == ".env:1:1"


@pytest.mark.parametrize(
    ("written", "beside", "expected"),
    [
        ("s.py", True, "conf/s.py"),
        ("s.py", False, "s.py"),
        ("s.py:Fast", True, "conf/s.py:Fast"),
        ("/abs/s.py", True, "/abs/s.py"),
        ("package.module:Fast", True, "package.module:Fast"),
        ("sma", True, "sma"),
    ],
)
def test_a_strategy_is_looked_for_beside_the_file_that_names_it(
    tmp_path: Path, written: str, beside: bool, expected: str
) -> None:
    folder = tmp_path / "conf"
    folder.mkdir()
    for name in ("s.py", "sma", "package.module"):
        if beside:
            (folder / name).touch()
    (folder / "c.yaml").write_text(f"strategy: {written}\n")

    from runner.config.load import load_config

    loaded = load_config(Path("conf/c.yaml"), flags={}, environ={}, cwd=tmp_path)

    assert loaded.config.strategy == expected


def test_a_data_pattern_is_looked_for_beside_the_file_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "conf" / "prices").mkdir(parents=True)
    (tmp_path / "conf" / "c.yaml").write_text("data: {path: 'prices/{symbol}.csv'}\n")

    from runner.config.load import load_config

    loaded = load_config(Path("conf/c.yaml"), flags={}, environ={}, cwd=tmp_path)

    assert loaded.config.data.path == "conf/prices/{symbol}.csv"


def test_a_strategy_named_by_a_flag_is_left_as_it_is(tmp_path: Path) -> None:
    assert load(tmp_path, "ui: none\n", flags={"strategy": "s.py"}).config.strategy == "s.py"


@pytest.mark.parametrize("text", ["fast", "=5", ""])
def test_a_parameter_flag_needs_a_name_and_a_value(tmp_path: Path, text: str) -> None:
    assert only_problem(tmp_path, flags={"params": [text]}).where == "flag --param"


def test_a_configuration_cannot_change(tmp_path: Path) -> None:
    config = load(tmp_path).config

    with pytest.raises(ValueError, match="frozen"):
        config.ui = "none"
    with pytest.raises(ValueError, match="frozen"):
        config.engine.ws_url = "ws://h"


def test_set_names_any_key_and_is_weaker_than_the_flag_of_its_own(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        "exchange:\n  cash: 1\n",
        env={"RUNNER_EXCHANGE__CASH": "2"},
        flags={"set": ["exchange.cash=3", "params.fast=5", "ui=none"], "ui": "plain"},
    )

    assert loaded.config.exchange.cash == 3
    assert str(loaded.origins["exchange.cash"]) == "flag --set exchange.cash"
    assert loaded.config.params == {"fast": "5"}
    assert loaded.config.ui.value == "plain"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        pytest.param("exchange.cahs=3", "did you mean exchange.cash?", id="misspelt"),
        pytest.param("exchange=3", "is not a key", id="a group"),
        pytest.param("params=3", "is not a key", id="parameters as one"),
        pytest.param("cash", "must be name=value", id="no value"),
    ],
)
def test_set_refuses_what_is_no_key(tmp_path: Path, text: str, what: str) -> None:
    problem = only_problem(tmp_path, flags={"set": [text]})

    assert what in str(problem)
