"""The description of the REST interface as an OpenAPI 3.1 document, made of tables and types.

Paths and methods come from the protocol's route table, the rest from `operations`; every schema is
generated from the msgspec type. Nothing is written twice, so nothing can go out of step.

Pure. May import the protocol and msgspec.
Source: OpenAPI Specification 3.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from runner.engine.server.answers import HTTP_CODES
from runner.engine.server.interfaces import NORMALISED, Interface
from runner.engine.server.operations import (
    DOCUMENT,
    HTML,
    NOTHING,
    TEXT,
    UPGRADE,
    Operation,
)
from runner.engine.server.order_forms import order_forms
from runner.engine.server.raw_shapes import SubmitOrder
from runner.engine.server.shapes import OrderRequest
from runner.protocol.enums import OrderStatus
from runner.protocol.routes import ERROR_STATUS, Route

TITLE = "Trading API"
_ALWAYS = ("UNAUTHORIZED", "FORBIDDEN", "INTERNAL_ERROR")
"""Every endpoint may answer so: no or a wrong token, a foreign Host or Origin, a fault of ours."""
_STATUS = {
    **ERROR_STATUS,
    **{code: status for status, code in HTTP_CODES.items()},
    "RUN_DIVERGED": 409,
    "RUN_HELD": 409,
    "TOO_MANY_OBSERVERS": 503,
}
_REF = "#/components/schemas/"
_NAMES = {
    "OrderSnapshot": "Order",
    "CancelResult": "CancelOrderResult",
    "ModifyResult": "ModifyOrderResult",
    "ExitsResult": "ModifyPositionExitsResult",
    "ErrorEnvelope": "ApiError",
    "RawErrorEnvelope": "ApiError",
    **{f"Raw{name}": name for name in ("Order", "Trade", "Position", "Account", "Quote", "Bar")},
    **{f"Raw{name}": name for name in ("Orders", "Trades", "Positions", "Bars", "OrderHandle")},
    **{f"Raw{name}": name for name in ("Side", "OrderType", "TimeInForce", "OrderStatus")},
    "RawPositionSide": "PositionSide",
    "RawError": "Error",
}
"""Names that the protocol gives to types which the program calls otherwise."""
_AMOUNT: dict[str, Any] = {
    "title": "Amount",
    "description": "A number above zero: text, which is exact, or a JSON number.",
    "anyOf": [
        {
            "type": "string",
            "format": "decimal",
            "pattern": r"^([1-9][0-9]{0,11}(\.[0-9]{1,12})?|0\.[0-9]{0,11}[1-9])$",
        },
        {"type": "number", "minimum": 10**-12, "maximum": 10**12},
    ],
    "examples": ["10", "0.25"],
}
"""A decimal of a request. In an answer it is always text."""
_EXAMPLES = {
    "symbol": "S:AAPL",
    "order_id": "o-1",
    "position_id": "p-1",
    "run_id": "0f1e2d3c4b5a6978",
}
_TIMES = re.compile(r"^(timestamp|last_heartbeat|\w+_at)$")
_PLACE = re.compile(r"\{(\w+)\}")
_SOURCE = re.compile(r"\s*Source: [^.]*\.")


def document(
    version: str, symbols: Iterable[str] = (), interface: Interface = NORMALISED
) -> dict[str, Any]:
    """Return the OpenAPI document of the engine of this version, which serves these symbols."""
    served = list(symbols)
    paths: dict[str, dict[str, Any]] = {}
    for name, route in interface.routes.items():
        operation = interface.operations[name]
        paths.setdefault(route.path, {})[route.method.lower()] = _described(
            name, route, operation, served, interface.envelope
        )
    groups = dict.fromkeys(one.group for one in interface.operations.values())
    return {
        "openapi": "3.1.0",
        "info": {
            "title": TITLE,
            "version": version or "0",
            "description": interface.about,
        },
        "tags": [{"name": group} for group in groups],
        "paths": paths,
        "components": {
            "schemas": _schemas(interface, served),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
        },
        "security": [{}, {"bearer": []}, {"key": []}],
    }


def _described(
    name: str, route: Route, operation: Operation, symbols: list[str], envelope: type
) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": name,
        "tags": [operation.group],
        "summary": operation.summary,
        "parameters": [*_path_parameters(route.path, symbols), *_query(operation)],
        "responses": _answers(route, operation, envelope),
    }
    if operation.body is not None:
        described["requestBody"] = {
            "required": operation.body_required,
            "content": {
                "application/json": {
                    "schema": _schema_of(operation.body),
                    "example": _example(operation.example, symbols),
                }
            },
        }
    return {key: value for key, value in described.items() if value != []}


def _path_parameters(path: str, symbols: list[str]) -> list[dict[str, Any]]:
    # Longer ones would not fit into the line that a server reads.
    name = {"type": "string", "minLength": 1, "maxLength": 64}
    symbol = {"type": "string", "enum": symbols} if symbols else name
    return [
        {
            "name": one,
            "in": "path",
            "required": True,
            "schema": symbol if one == "symbol" else name,
            "example": symbols[0] if symbols and one == "symbol" else _EXAMPLES[one],
        }
        for one in _PLACE.findall(path)
    ]


def _query(operation: Operation) -> list[dict[str, Any]]:
    return [
        {
            "name": one.name,
            "in": "query",
            "required": one.required,
            "description": one.help,
            "schema": _schema_of(one.type),
        }
        for one in operation.query
    ]


def _answers(route: Route, operation: Operation, envelope: type) -> dict[str, Any]:
    answers: dict[str, Any] = {str(route.status): _success(operation)}
    by_status: dict[int, list[str]] = {}
    codes = dict.fromkeys((*operation.errors, *_ALWAYS))
    for code in codes:
        by_status.setdefault(_STATUS[code], []).append(code)
    for status, several in sorted(by_status.items()):
        answers[str(status)] = {
            "description": ", ".join(several),
            "content": {"application/json": {"schema": _schema_of(envelope)}},
        }
    if operation.failure is not None:
        answers["503"] = {
            "description": "Shutting down",
            "content": {"application/json": {"schema": _schema_of(operation.failure)}},
        }
    return answers


def _success(operation: Operation) -> dict[str, Any]:
    if operation.answer == UPGRADE:
        return {"description": "The connection is a WebSocket from here on"}
    if operation.answer == NOTHING:
        return {"description": "Success, and nothing to say about it"}
    if operation.answer in (TEXT, HTML):
        return {
            "description": "Success",
            "content": {operation.answer: {"schema": {"type": "string"}}},
        }
    schema = {"type": "object"} if operation.answer == DOCUMENT else _schema_of(operation.answer)
    return {"description": "Success", "content": {"application/json": {"schema": schema}}}


def _example(example: dict[str, Any], symbols: list[str]) -> dict[str, Any]:
    return {**example, "symbol": symbols[0]} if symbols and "symbol" in example else example


# Schemas


def _schemas(interface: Interface, symbols: list[str]) -> dict[str, Any]:
    operations = interface.operations.values()
    answers = [
        kind
        for one in operations
        for kind in (one.answer, one.failure)
        if kind is not None and not isinstance(kind, str)
    ]
    asked = [one.body for one in operations if one.body is not None]
    queried = [one.type for operation in operations for one in operation.query]
    bodies = _components(asked, is_answer=False)
    for order in (OrderRequest.__name__, SubmitOrder.__name__):
        if order in bodies:
            bodies |= order_forms(order, bodies[order], ref=_REF, symbols=symbols)
    return {
        _AMOUNT["title"]: _AMOUNT,
        **bodies,
        **_components([*queried, *answers, interface.envelope], is_answer=True),
    }


def _components(kinds: Iterable[Any], *, is_answer: bool) -> dict[str, Any]:
    _, found = msgspec.json.schema_components(kinds, ref_template=_REF + "{name}")
    return {
        _NAMES.get(name, name): _tidy(schema, is_answer=is_answer)
        for name, schema in sorted(found.items())
    }


def _schema_of(kind: Any) -> Any:
    if kind is datetime:
        return {"type": "string", "format": "date-time"}
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=_REF + "{name}")
    return _tidy(schema, is_answer=True)


def _tidy(node: Any, *, is_answer: bool) -> Any:
    # msgspec knows neither our names nor that answers leave out what has no value.
    if isinstance(node, list):
        return [_tidy(one, is_answer=is_answer) for one in node]
    if not isinstance(node, Mapping):
        return node
    if node.get("format") == "decimal" and not is_answer:
        return {"$ref": f"{_REF}{_AMOUNT['title']}"}
    tidy = {key: _tidy(value, is_answer=is_answer) for key, value in node.items()}
    if "$ref" in tidy:
        name = tidy["$ref"].removeprefix(_REF)
        tidy["$ref"] = _REF + _NAMES.get(name, name)
    if "title" in tidy:
        if tidy["title"] == OrderStatus.__name__:
            # UNKNOWN is a word of our own side, for an order whose answer was lost.
            tidy["enum"] = [one for one in tidy["enum"] if one != OrderStatus.UNKNOWN]
            tidy["description"] = "Where an order stands."
        tidy["title"] = _NAMES.get(tidy["title"], tidy["title"])
    if isinstance(tidy.get("description"), str):
        tidy["description"] = _SOURCE.sub("", tidy["description"])
    if isinstance(tidy.get("properties"), dict):
        properties = tidy["properties"]
        for name, schema in properties.items():
            if is_answer and "default" in schema:
                properties[name] = schema = _always_present(schema)
            if _TIMES.match(name) and schema.get("type") == "string":
                schema["format"] = "date-time"
    return tidy


def _always_present(schema: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in schema.items() if key != "default"}
    choices = [one for one in kept.get("anyOf", ()) if one != {"type": "null"}]
    if len(choices) == 1:
        del kept["anyOf"]
        kept.update(choices[0])
    return kept
