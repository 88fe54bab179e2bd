"""What kinds of value a key can hold: how each is read, shown again, and described to an editor.

One `Kind` per field travels as `Annotated` metadata, so the model stays a plain list of keys. All
sources deliver text; typed values are accepted too, for models built by hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, SecretStr
from pydantic_core import core_schema

from runner.config import units
from runner.config.units import ManyUnfitError, UnfitError
from runner.protocol.decimals import plain
from runner.protocol.subscriptions import Subscription, SubscriptionError, parse_subscriptions
from runner.protocol.urls import gateway_ws_url, parse_place, url_problem
from runner.results.gates import Condition, ConditionError, parse_condition
from runner.secrecy import MASK

Shown = str | int | bool | list[str] | dict[str, str] | None
"""A value as it is shown: what one could write into a file to have it again."""


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """How to read, show and describe the value of one key."""

    parse: Callable[[Any], Any]
    show: Callable[[Any], Shown]
    schema: Mapping[str, Any]
    shape: Literal["one", "list", "mapping"] = "one"
    optional: bool = False
    secret: bool = False
    is_path: bool = False

    def read(self, raw: object) -> Any:
        """Return the value of `raw`; nothing at all is None where the key may be left unset."""
        return None if raw is None and self.optional else self.parse(raw)

    def display(self, value: object) -> Shown:
        """Return `value` as a person would write it, or a mask for a secret."""
        if value is None:
            return None
        return MASK if self.secret else self.show(value)

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        described = dict(self.schema)
        if not self.optional:
            return described
        return {"anyOf": [described, {"type": "null"}]}


def _text_schema(pattern: str, **more: object) -> dict[str, object]:
    return {"type": "string", "pattern": pattern, **more}


def text(*, pattern: str = "", wanted: str = "", optional: bool = False) -> Kind:
    """One line of text, matching `pattern` if one is given; `wanted` says what that means."""

    def parse(raw: object) -> str:
        value = units.parse_text(raw)
        if pattern and not re.search(pattern, value):
            raise UnfitError(f"must be {wanted}, was {units.shown(value)}")
        return value

    schema = _text_schema(pattern) if pattern else {"type": "string", "minLength": 1}
    return Kind(parse, str, schema, optional=optional)


def path(*, optional: bool = False) -> Kind:
    """The path of a file, or a name that stands for one."""
    schema = {"type": "string", "minLength": 1}
    return Kind(units.parse_text, str, schema, optional=optional, is_path=True)


def choice(
    choices: Iterable[str], *, make: Callable[[str], object] = str, optional: bool = False
) -> Kind:
    """One of a few words, turned into its value by `make`."""
    words = [str(one) for one in choices]
    schema = {"type": "string", "enum": words}
    return Kind(lambda raw: make(units.parse_choice(raw, words)), str, schema, optional=optional)


def flag() -> Kind:
    """true or false."""
    return Kind(units.parse_flag, bool, {"type": "boolean"})


def whole(low: int, high: int, *, optional: bool = False) -> Kind:
    """A whole number from `low` to `high`."""
    schema = {"type": "integer", "minimum": low, "maximum": high}
    return Kind(
        lambda raw: units.parse_whole(raw, low=low, high=high), int, schema, optional=optional
    )


def number(
    *, low: int | None = None, above: int | None = None, high: int, optional: bool = False
) -> Kind:
    """An exact number, at least `low` or more than `above`, at most `high`."""
    least = None if low is None else Decimal(low)
    more_than = None if above is None else Decimal(above)
    bounds = {"minimum": low, "exclusiveMinimum": above, "maximum": high}
    limits = {name: bound for name, bound in bounds.items() if bound is not None}
    return Kind(
        lambda raw: units.parse_number(raw, low=least, above=more_than, high=Decimal(high)),
        plain,
        {"anyOf": [{"type": "number", **limits}, _text_schema(r"^\d+(\.\d+)?$")]},
        optional=optional,
    )


def duration(low: float, high: float, *, zero: bool = False, optional: bool = False) -> Kind:
    """Seconds from `low` to `high`, or 0 where `zero` allows it; text carries a unit."""
    limits = {"minimum": 0} if zero else {"minimum": low}
    schema = {
        "anyOf": [
            {"type": "number", **limits, "maximum": high},
            _text_schema(units.DURATION_PATTERN, examples=["250ms", "30s", "5m"]),
        ]
    }
    return Kind(
        lambda raw: units.parse_duration(raw, low=low, high=high, zero=zero),
        units.show_duration,
        schema,
        optional=optional,
    )


def rate(*, positive: bool = False, whole: bool = False, optional: bool = False) -> Kind:
    """A fraction below one, written with its unit.

    More than nothing where `positive` wants it, and one itself where `whole` allows it.
    """

    def parse(raw: object) -> Decimal:
        value = units.parse_rate(raw, whole=whole)
        if positive and not value:
            hint = "remove the key to turn it off" if optional else ""
            raise UnfitError(f"must be more than 0, was {units.shown(raw)}", hint)
        return value

    schema = _text_schema(units.RATE_PATTERN, examples=["5 bps", "0.05%"])
    return Kind(parse, units.show_rate, schema, optional=optional)


def speed() -> Kind:
    """How fast simulated time may pass."""
    examples = ["max", "20/s", "realtime", "100x"]
    return Kind(units.parse_speed, str, _text_schema(units.SPEED_PATTERN, examples=examples))


def moment(*, end: bool = False) -> Kind:
    """A date, or a date and a time; the `end` of a range includes the whole of its day."""
    return Kind(
        lambda raw: units.parse_moment(raw, end=end),
        lambda value: units.show_moment(value, end=end),
        _text_schema(units.MOMENT_PATTERN, examples=["2024-01-31", "2024-01-31T14:30:00Z"]),
        optional=True,
    )


def timezone() -> Kind:
    """The name of a time zone of the IANA database."""
    schema = _text_schema(r"^[A-Za-z0-9_+\-/]+$", examples=["America/New_York", "UTC"])
    return Kind(
        lambda raw: (units.parse_timezone(raw), units.parse_text(raw))[1],
        str,
        schema,
        optional=True,
    )


_LOGIN = re.compile(r"[^/\s]*@")


def address(
    *schemes: str, of_gateway: bool = False, example: str = "http://localhost:8080"
) -> Kind:
    """A URL with one of `schemes` and no login in it; for a gateway, the base of all its URLs."""

    def parse(raw: object) -> str:
        value = "" if raw is None else str(raw).strip()
        fault = url_problem(value, schemes=schemes)
        if fault is None and of_gateway:
            try:
                gateway_ws_url(value)
            except ValueError as error:
                fault = str(error)
        if fault is None:
            return value
        if ", was " not in fault and value:
            # Masked before it is cut to length: half a password would not be recognised as one.
            fault += f", was {units.shown(_LOGIN.sub(f'{MASK}@', value))}"
        raise UnfitError(fault, f"write it like {example}")

    pattern = rf"^({'|'.join(schemes)})://[^\s@?#]+$"
    return Kind(parse, str, _text_schema(pattern))


def place() -> Kind:
    """A host and a port to listen on; port 0 takes a free one."""

    def parse(raw: object) -> str:
        value = units.parse_text(raw)
        try:
            parse_place(value)
        except ValueError as error:
            was = f"{error}, was {units.shown(value)}"
            raise UnfitError(was, "write it like 127.0.0.1:9108") from None
        return value

    schema = _text_schema(r"^\S+:\d+$", examples=["127.0.0.1:9108"])
    return Kind(parse, str, schema, optional=True)


MAX_SECRET = 512


def secret() -> Kind:
    """A key that is never shown; left empty, it counts as not set."""

    def parse(raw: object) -> SecretStr | None:
        value = raw.get_secret_value() if isinstance(raw, SecretStr) else str(raw).strip()
        if not value:
            return None
        # It travels in an HTTP header: nothing that could end the header may be in it.
        if len(value) > MAX_SECRET or not value.isascii() or not value.isprintable():
            raise UnfitError(f"must be at most {MAX_SECRET} printable ASCII characters, was {MASK}")
        return SecretStr(value)

    return Kind(parse, str, {"type": "string"}, optional=True, secret=True)


def subscriptions() -> Kind:
    """What to receive: a list of texts, or one text of the comma or the JSON grammar."""
    item = {"type": "string", "pattern": r"^\s*(\S+:\S+|\[.*\])\s*$"}
    schema = {"anyOf": [item, {"type": "array", "items": item}]}
    return Kind(
        _parse_subscriptions, lambda value: [str(one) for one in value], schema, shape="list"
    )


# Each text of the list is read on its own, so that a problem can point at its own line.
def _parse_subscriptions(raw: object) -> tuple[Subscription, ...]:
    if raw is None:
        return ()
    given = [raw] if isinstance(raw, str | Subscription) else raw
    if not isinstance(given, list | tuple):
        raise UnfitError(f"must be a list such as [S:AAPL:candle], was {units.shown(raw)}")
    found: dict[Subscription, None] = {}
    problems: list[UnfitError] = []
    for index, item in enumerate(given):
        if isinstance(item, Subscription):
            found[item] = None
            continue
        if item is None:
            problems.append(UnfitError("is empty", "write it like S:AAPL:candle", (index,)))
            continue
        try:
            found.update(dict.fromkeys(parse_subscriptions(str(item))))
        except SubscriptionError as error:
            for one in error.problems:
                item_text = one.item if one.item.startswith("entry ") else repr(one.item)
                problems.append(UnfitError(f"{item_text} {one.what}", one.hint, (index,)))
    if problems:
        raise ManyUnfitError(problems)
    return tuple(found)


def conditions() -> Kind:
    """Conditions on figures, under which a run has failed: one text, or a list of texts."""

    def parse(raw: object) -> tuple[Condition, ...]:
        given = raw if isinstance(raw, list | tuple) else [raw]
        found: list[Condition] = []
        problems: list[UnfitError] = []
        for index, item in enumerate(given):
            if isinstance(item, Condition):
                found.append(item)
                continue
            try:
                found.append(parse_condition(units.parse_text(item)))
            except ConditionError as error:
                problems.append(UnfitError(str(error), error.hint, (index,)))
        if problems:
            raise ManyUnfitError(problems)
        return tuple(found)

    item = {"type": "string", "examples": ["max_drawdown > 20%", "trades < 10"]}
    schema = {"anyOf": [item, {"type": "array", "items": item}]}
    return Kind(parse, lambda value: [str(one) for one in value], schema, shape="list")


COLUMN_NAMES = ("time", "open", "high", "low", "close", "volume")
_COLUMNS_EXAMPLE = "time=Date,open=Open,close=Close"


def columns() -> Kind:
    """Which column of a data file is which: our names with theirs, as text or as a mapping."""

    def parse(raw: object) -> dict[str, str]:
        if isinstance(raw, Mapping):
            pairs = [(str(name).strip(), str(one or "").strip()) for name, one in raw.items()]
        else:
            parts = [part.partition("=") for part in units.parse_text(raw).split(",")]
            pairs = [(name.strip(), column.strip()) for name, _, column in parts]
        found: dict[str, str] = {}
        for name, column in pairs:
            if name not in COLUMN_NAMES:
                known = ", ".join(COLUMN_NAMES)
                what = f"maps {known}, was {units.shown(name)}"
                raise UnfitError(what, f"write it like {_COLUMNS_EXAMPLE}")
            if name in found:
                raise UnfitError(f"maps {name} twice", "keep one of them")
            if not column:
                what = f"has no column for {name}"
                raise UnfitError(what, f"write it like {_COLUMNS_EXAMPLE}")
            found[name] = column
        return found

    def show(value: Mapping[str, str]) -> str:
        return ",".join(f"{name}={column}" for name, column in value.items())

    names = "|".join(COLUMN_NAMES)
    column = {"type": ["string", "integer"]}
    schema = {
        "anyOf": [
            _text_schema(
                rf"^\s*({names})\s*=[^,]+(,\s*({names})\s*=[^,]+)*$", examples=[_COLUMNS_EXAMPLE]
            ),
            {
                "type": "object",
                "properties": dict.fromkeys(COLUMN_NAMES, column),
                "additionalProperties": False,
            },
        ]
    }
    return Kind(parse, show, schema, shape="mapping", optional=True)


def parameters() -> Kind:
    """Values by name. They stay as typed: the strategy's declaration decides what they mean."""

    def parse(raw: object) -> dict[str, Any]:
        if not isinstance(raw, Mapping):
            raise UnfitError(f"must be names with values, was {units.shown(raw)}")
        bad = [
            UnfitError(f"must be a name such as fast, was {units.shown(name)}", "", (name,))
            for name in raw
            if not str(name).isidentifier()
        ]
        bad += [
            UnfitError("has no value", "write one or remove the name", (name,))
            for name, value in raw.items()
            if value is None
        ]
        if bad:
            raise ManyUnfitError(bad)
        return dict(raw)

    def show(value: Mapping[str, object]) -> dict[str, str]:
        return {name: str(one) for name, one in value.items()}

    scalar = {"type": ["string", "number", "boolean"]}
    schema = {"type": "object", "additionalProperties": scalar}
    return Kind(parse, show, schema, shape="mapping")
