"""The JSON Schema says what the model says, and the examples are valid under both."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import jsonschema
import pytest
import yaml

from runner.config.keys import all_keys
from runner.config.load import load_config
from runner.config.schema import as_text, json_schema
from tests.unit.config.helpers import load, problems

ROOT = Path(__file__).parents[3]
CONFIGS = ROOT / "configs"
EXAMPLES = sorted(path.name for path in CONFIGS.glob("*.yaml"))


class Loader(yaml.SafeLoader):
    """Reads scalars as an editor does: dates are text."""

    yaml_implicit_resolvers: ClassVar = {
        first: [(tag, pattern) for tag, pattern in pairs if not tag.endswith(":timestamp")]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def is_valid(text: str) -> bool:
    validator = jsonschema.Draft202012Validator(json_schema())
    return validator.is_valid(yaml.load(text, Loader=Loader))


def test_the_committed_schema_is_fresh() -> None:
    committed = (CONFIGS / "schema.json").read_text(encoding="utf-8")

    assert committed == as_text(), "run: python -m runner.config.schema > configs/schema.json"


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


def test_there_is_an_example_for_each_runtime() -> None:
    assert EXAMPLES == ["embedded.yaml", "engine.yaml", "gateway.yaml"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_names_the_schema_in_its_first_line(name: str) -> None:
    first = (CONFIGS / name).read_text(encoding="utf-8").splitlines()[0]

    assert first == "# yaml-language-server: $schema=schema.json"


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_valid_for_editor_and_program(name: str) -> None:
    loaded = load_config(Path("configs") / name, flags={}, environ={}, cwd=ROOT)

    assert f"{loaded.config.runtime}.yaml" == name
    assert is_valid((CONFIGS / name).read_text(encoding="utf-8"))


def test_every_key_is_described() -> None:
    schema = json_schema()
    for key in all_keys().values():
        place: Any = schema
        for name in key.path:
            while "$ref" in place:
                place = schema["$defs"][place["$ref"].rpartition("/")[2]]
            place = place["properties"][name]
        assert place["description"].endswith("."), key.name


AGREED = [
    "ui: none",
    "params: {fast: 5, symbol: ON, on: true}",
    "subscriptions: S:AAPL:candle",
    "subscriptions: [S:AAPL:candle, S:MSFT:quote]",
    "data: {from: 2024-01-02, to: 2024-01-02T10:00:00Z, timeframe: 1d}",
    "exchange: {cash: 5.5, leverage: 2, commission: {rate: 5 bps}, slippage: {rate: 0.1%}}",
    "exchange: {margin: {initial: 50%, maintenance: 25%, warning: 1.5}, borrow: 3%}",
    "connection: {open_timeout: 5, ping_interval: 30s, spin: 0, max_attempts: 0}",
    "engine: {ws_url: 'wss://h:1/x'}",
    "max_events: null",
]
REFUSED = [
    "ui: loud",
    "uii: none",
    "exchange: {cash: 0}",
    "exchange: {cash: -1}",
    "exchange: {leverage: 0.5}",
    "exchange: {commission: {rate: 5}}",
    "exchange: {commission: {rate: 5 pips}}",
    "exchange: {currency: dollars}",
    "connection: {open_timeout: 5 min}",
    "connection: {max_attempts: -1}",
    "data: {timeframe: 7m}",
    "data: {from: yesterday}",
    "engine: {ws_url: 'http://h'}",
    "gateway: {url: 'http://me:pw@h'}",
    "subscriptions: [AAPL]",
    "params: [fast]",
    "params: {fast: [1]}",
    "max_events: 0",
]


@pytest.mark.parametrize("text", AGREED)
def test_schema_and_program_accept_the_same(tmp_path: Path, text: str) -> None:
    load(tmp_path, text)

    assert is_valid(text)


@pytest.mark.parametrize("text", REFUSED)
def test_schema_and_program_refuse_the_same(tmp_path: Path, text: str) -> None:
    assert problems(tmp_path, text)

    assert not is_valid(text)
