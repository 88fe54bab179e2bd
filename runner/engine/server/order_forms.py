"""The description of an order, by its type: which prices each type needs, and which it refuses.

Pure: the schema that is generated from the type of an order in, one schema per order type out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from runner.protocol.enums import OrderType

PRICES = ("limit_price", "stop_price", "trailing_distance", "trailing_type")
TAKES: dict[OrderType, tuple[str, ...]] = {
    OrderType.MARKET: (),
    OrderType.LIMIT: ("limit_price",),
    OrderType.STOP: ("stop_price",),
    OrderType.STOP_LIMIT: ("limit_price", "stop_price"),
    OrderType.TRAILING_STOP: ("trailing_distance", "trailing_type"),
}
"""What an order of each type must bring; the other prices it must not. Source: Trading API."""
_NOTHING = {"type": "null", "description": "Not for orders of this type."}


def order_forms(
    name: str, schema: Mapping[str, Any], *, ref: str, symbols: Iterable[str]
) -> dict[str, Any]:
    """Return the schema `name` as a choice of one schema per order type, and those schemas.

    `symbols` are the only ones there are, none for any; `ref` stands before a schema's name.
    """
    served = list(symbols)
    # A dialect may have words of its own, and not for every type.
    is_raw = "stop_loss" not in schema["properties"]
    kinds = [kind for kind in OrderType if not (is_raw and kind is OrderType.TRAILING_STOP)]
    words = {kind: kind.value.lower() if is_raw else kind.value for kind in kinds}
    forms = {_name(kind): _form(kind, word, schema, served) for kind, word in words.items()}
    mapping = {word: ref + _name(kind) for kind, word in words.items()}
    choice = {
        "title": name,
        "description": schema["description"],
        "oneOf": [{"$ref": place} for place in mapping.values()],
        "discriminator": {"propertyName": "order_type", "mapping": mapping},
    }
    return {name: choice, **forms}


def _name(kind: OrderType) -> str:
    return "".join(word.capitalize() for word in kind.value.split("_")) + "Order"


def _form(
    kind: OrderType, word: str, schema: Mapping[str, Any], symbols: list[str]
) -> dict[str, Any]:
    properties = dict(schema["properties"])
    properties["order_type"] = {"type": "string", "enum": [word]}
    if symbols:
        properties["symbol"] = {"type": "string", "enum": symbols}
    for price in PRICES:
        if price not in properties:
            continue
        properties[price] = _needed(properties[price]) if price in TAKES[kind] else _NOTHING
    return {
        "title": _name(kind),
        "description": f"An order to place, of type {word}.",
        "type": "object",
        "properties": properties,
        "required": [*schema["required"], *TAKES[kind]],
    }


def _needed(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a value that may be left out as that of one that may not."""
    kept = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    return dict(kept[0]) if len(kept) == 1 else {"anyOf": kept}
