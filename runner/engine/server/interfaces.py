"""The REST interfaces that a server can have, one per dialect, as data. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runner.engine.server.operations import OPERATIONS, Operation
from runner.engine.server.raw_operations import RAW_OPERATIONS, RAW_ROUTES
from runner.engine.server.raw_shapes import RawErrorEnvelope
from runner.protocol.routes import ROUTES, ErrorEnvelope, Route


@dataclass(frozen=True, slots=True)
class Interface:
    """What a dialect serves over REST."""

    routes: Mapping[str, Route]
    operations: Mapping[str, Operation]
    envelope: type
    """The type of the body of every error answer."""
    about: str


NORMALISED = Interface(
    ROUTES,
    OPERATIONS,
    ErrorEnvelope,
    "A backtest engine over REST. Amounts are decimal text, times are RFC 3339 in UTC; "
    "fields without a value are left out of answers.",
)
RAW = Interface(
    RAW_ROUTES,
    RAW_OPERATIONS,
    RawErrorEnvelope,
    "A backtest engine over REST, in the dialect that a gateway expects. Amounts are decimal text "
    "in US dollars, words are lower case, times are Unix milliseconds; fields without a value are "
    "left out of answers.",
)
