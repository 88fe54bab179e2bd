"""The kind of value that says what to do with orders and positions that are not ours."""

from __future__ import annotations

from collections.abc import Mapping

from runner.config import units
from runner.config.fields import Kind
from runner.config.units import UnfitError
from runner.transports.settings import EVERY, RULES

_EXAMPLE = "write it like adopt, or S:AAPL=adopt,S:MSFT=ignore"


def foreign_rules() -> Kind:
    """One word for all symbols, or words by symbol, as text or as a mapping; `*` is all others."""

    def parse(raw: object) -> dict[str, str]:
        if isinstance(raw, Mapping):
            pairs = [(str(symbol).strip(), str(word or "").strip()) for symbol, word in raw.items()]
        else:
            parts = [part.rpartition("=") for part in units.parse_text(raw).split(",")]
            pairs = [
                (symbol.strip() if equals else EVERY, word.strip())
                for symbol, equals, word in parts
            ]
        found: dict[str, str] = {}
        for symbol, word in pairs:
            if word not in RULES:
                raise UnfitError(f"knows {', '.join(RULES)}, was {units.shown(word)}", _EXAMPLE)
            if not symbol or symbol in found:
                what = f"names {units.shown(symbol)} twice" if symbol else "has no symbol"
                raise UnfitError(what, _EXAMPLE)
            found[symbol] = word
        return found

    def show(value: Mapping[str, str]) -> str:
        if list(value) == [EVERY]:
            return value[EVERY]
        return ",".join(f"{symbol}={word}" for symbol, word in value.items())

    words = "|".join(RULES)
    item = rf"([^=,]+=\s*)?({words})"
    schema = {
        "anyOf": [
            {
                "type": "string",
                "pattern": rf"^\s*{item}\s*(,\s*{item}\s*)*$",
                "examples": ["adopt"],
            },
            {"type": "object", "additionalProperties": {"type": "string", "enum": list(RULES)}},
        ]
    }
    return Kind(parse, show, schema, shape="mapping")
