"""The description of the interface: complete, valid, and in step with the tables and types."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from itertools import combinations
from typing import Any

import jsonschema
import pytest

from runner.engine.acceptance import problem_with
from runner.engine.server import shapes
from runner.engine.server.openapi import document
from runner.engine.server.operations import OPERATIONS
from runner.engine.server.page import page
from runner.protocol import wire
from runner.protocol.codec import decode_body, encode_body
from runner.protocol.commands import SubmitOrder
from runner.protocol.enums import OrderType
from runner.protocol.messages import Candle
from runner.protocol.routes import ROUTES, ErrorEnvelope
from tests.helpers import account, position, snapshot, trade

DOCUMENT = document("1.2.3")
SCHEMAS = DOCUMENT["components"]["schemas"]


def operations() -> list[Any]:
    return [one for methods in DOCUMENT["paths"].values() for one in methods.values()]


def checked(name: str, value: Any) -> None:
    """Hold a value against one of the document's schemas."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": SCHEMAS}}
    jsonschema.validate(value, schema, cls=jsonschema.Draft202012Validator)


def test_every_route_is_described_and_nothing_else() -> None:
    assert list(ROUTES) == list(OPERATIONS)
    assert {one["operationId"] for one in operations()} == set(ROUTES)


@pytest.mark.parametrize("name", ROUTES)
def test_an_operation_has_the_path_parameters_of_its_route(name: str) -> None:
    route = ROUTES[name]
    described = DOCUMENT["paths"][route.path][route.method.lower()]

    named = [one["name"] for one in described.get("parameters", ()) if one["in"] == "path"]
    assert re.findall(r"\{(\w+)\}", route.path) == named
    assert str(route.status) in described["responses"]


def test_every_reference_leads_somewhere_and_every_schema_is_one() -> None:
    names = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(DOCUMENT)))

    assert names <= set(SCHEMAS)
    for schema in SCHEMAS.values():
        jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize(
    ("described", "read", "missing"),
    [
        (
            shapes.OrderRequest,
            wire.SubmitBody,
            {"hidden", "display_quantity", "margin_mode", "leverage"},
        ),
        (shapes.ModifyOrderRequest, wire.ModifyBody, set()),
        (shapes.ClosePositionRequest, wire.CloseBody, set()),
        (shapes.ModifyPositionExitsRequest, wire.ExitsBody, set()),
    ],
    ids=["order", "modify_order", "close_position", "modify_position"],
)
def test_a_described_body_has_the_fields_that_are_read(
    described: Any, read: Any, missing: set[str]
) -> None:
    # What is missing is refused by the codec: fields that this engine knows nothing of.
    assert set(read.__struct_fields__) - set(described.__struct_fields__) == missing
    assert set(described.__struct_fields__) <= set(read.__struct_fields__)


@pytest.mark.parametrize("name", [name for name, one in OPERATIONS.items() if one.body])
def test_the_example_of_a_body_fits_its_schema(name: str) -> None:
    operation = OPERATIONS[name]
    assert operation.body is not None

    checked(operation.body.__name__, operation.example)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Order", snapshot()),
        ("Trade", trade()),
        ("Position", position()),
        ("Account", account()),
        ("Bar", Candle("S:AAPL", "1d", 0, 1.0, 2.5, 0.5, 1.5, 100.0)),
        ("ApiError", ErrorEnvelope("ORDER_NOT_FOUND", "Order not found: x", {"id": "x"})),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_written_fits_its_schema(name: str, value: Any) -> None:
    checked(name, json.loads(encode_body(value)))


@pytest.mark.parametrize(
    ("value", "fits"),
    [("10", True), (10, True), (0.5, True), ("-1", False), (0, False), (None, False), ("x", False)],
)
def test_an_amount_of_a_request_is_text_or_a_number_above_zero(value: Any, fits: bool) -> None:
    validator = jsonschema.Draft202012Validator(SCHEMAS["Amount"])

    assert fits == validator.is_valid(value)


def test_a_status_that_is_ours_alone_is_not_described() -> None:
    assert "UNKNOWN" not in SCHEMAS["OrderStatus"]["enum"]


class Reader(HTMLParser):
    """Collects what a page links to and loads, and the anchors it has."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: set[str] = set()
        self.anchors: set[str] = set()
        self.loads: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        self.tags.add(tag)
        if "href" in named:
            self.links.add(named["href"])
        if "id" in named:
            self.anchors.add(named["id"])
        if "src" in named or tag == "link":
            self.loads.append(str(named))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def reader() -> Reader:
    one = Reader()
    one.feed(page(DOCUMENT))
    return one


def test_the_page_shows_every_operation_and_schema(reader: Reader) -> None:
    assert set(ROUTES) | {f"schema-{name}" for name in SCHEMAS} == reader.anchors
    assert all(route.path in reader.text for route in ROUTES.values())


def test_the_page_loads_nothing_and_runs_nothing(reader: Reader) -> None:
    assert (reader.loads, "script" in reader.tags) == ([], False)


def test_every_link_of_the_page_leads_somewhere(reader: Reader) -> None:
    inside = {one.removeprefix("#") for one in reader.links if one.startswith("#")}

    assert inside <= reader.anchors
    assert reader.links - {f"#{one}" for one in inside} == {"/openapi.json"}


def test_text_of_the_document_cannot_become_markup() -> None:
    assert "<b>" not in page(document("<b>1"))


# Orders, by their type

SERVED = document("1.2.3", ["S:AAPL", "S:MSFT"])
PRICES = {"limit_price": "5", "stop_price": "6", "trailing_distance": "1"}


def is_order(**fields: Any) -> bool:
    schema = {
        "$ref": "#/components/schemas/OrderRequest",
        "components": {"schemas": SERVED["components"]["schemas"]},
    }
    order = {"symbol": "S:AAPL", "side": "BUY", "quantity": "10", **fields}
    return jsonschema.Draft202012Validator(schema).is_valid(order)


@pytest.mark.parametrize("kind", OrderType)
@pytest.mark.parametrize("given", [(), *combinations(PRICES, 1), *combinations(PRICES, 2)])
def test_an_order_fits_its_description_if_it_has_the_prices_that_are_read(
    kind: OrderType, given: tuple[str, ...]
) -> None:
    fields: dict[str, Any] = {"order_type": kind.value} | {one: PRICES[one] for one in given}
    if "trailing_distance" in given:
        fields["trailing_type"] = "ABSOLUTE"
    order = {"symbol": "S:AAPL", "side": "BUY", "quantity": "10", **fields}
    read = decode_body(json.dumps(order).encode(), SubmitOrder)

    assert is_order(**fields) == (problem_with(read) is None)


def test_only_what_is_served_can_be_ordered_or_asked_for() -> None:
    assert is_order(order_type="MARKET")
    assert not is_order(order_type="MARKET", symbol="S:IBM")

    (symbol,) = SERVED["paths"]["/v1/bars/{symbol}"]["get"]["parameters"][:1]
    assert symbol["schema"]["enum"] == ["S:AAPL", "S:MSFT"]


def test_a_price_that_is_null_is_one_that_is_not_given() -> None:
    assert is_order(order_type="MARKET", limit_price=None, trailing_type=None)
    assert not is_order(order_type="LIMIT", limit_price=None)


@pytest.mark.parametrize("amount", ["0", "0.0", "00.5", "1E2", "-1", "+1", ".5", "5.", " 5"])
def test_an_amount_as_text_is_plain_and_above_zero(amount: str) -> None:
    assert not is_order(order_type="MARKET", quantity=amount)


@pytest.mark.parametrize("amount", ["1", "0.5", "0.000000000001", "999999999999.5", 3, 0.25])
def test_an_amount_may_be_text_or_a_number(amount: Any) -> None:
    assert is_order(order_type="MARKET", quantity=amount)
