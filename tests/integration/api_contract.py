"""Hold a live engine against the description that it serves of itself, with generated requests.

    python -m tests.integration.api_contract [CASES]

Half of the requests fit the description, half break it. Whatever comes, the engine must answer with
a status, a content type and a body that the description names, and never with a server error. It
plays a run with open positions, exit legs and
resting orders, so that paths may name something that exists. Needs schemathesis.
"""

from __future__ import annotations

import itertools
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.helpers import MSFT, series
from tests.integration.engine_process import ORDER, EngineThread, acknowledge, engine, receive

CHECKS = [
    allow_header_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]
KNOWN = {
    "order_id": st.integers(1, 12).map(lambda number: f"o-{number}"),
    "position_id": st.sampled_from(["p-1", "p-2"]),
    "symbol": st.sampled_from([ORDER["symbol"], MSFT]),
    "run_id": st.just("0123456789abcdef"),
}

ORDERS = "orders"
"""Counts the answers to those that fit the description once more."""
CASH = Decimal(10) ** 26
"""Enough for every amount that fits the description, so that money is not what orders fail for."""


@contextmanager
def busy_engine() -> Iterator[EngineThread]:
    """Serve a run in which two positions are open, one with exit legs, and an order rests."""
    closes = [100.0 + day % 5 for day in range(50)]
    with (
        engine(series(*closes), series(*closes, symbol=MSFT), exchange={"cash": CASH}) as running,
        # What the requests cause is taken in by the library and never looked at.
        running.websocket(max_queue=None, ping_interval=None) as stream,
    ):
        frames = [receive(stream) for _ in range(3)]
        running.request("POST", "/v1/orders", {**ORDER, "stop_loss": "50", "take_profit": "500"})
        running.request("POST", "/v1/orders", {**ORDER, "symbol": MSFT, "side": "SELL"})
        running.request("POST", "/v1/orders", {**ORDER, "order_type": "LIMIT", "limit_price": "1"})
        frames += [receive(stream) for _ in range(3)]
        acknowledge(stream, *frames[1:])
        while frames[-1]["type"] != "candle" or frames[-1]["bar"]["symbol"] != MSFT:
            frames.append(receive(stream))
        # Nothing is acknowledged from here on: time stands still, and nothing more is read.
        yield running


def exercise(url: str, *, cases: int) -> Counter[str]:
    """Make at least `cases` requests to the engine at `url`; return how often each status came.

    Raises:
        Exception: an answer that the description does not name, shown with its request.
    """
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    operations = [one.ok() for one in schema.get_all_operations()]
    plain = [one for one in operations if not _takes_input(one)]
    varied = [one for one in operations if _takes_input(one)]
    statuses: Counter[str] = Counter()
    with requests.Session() as session:
        session.trust_env = False
        for operation in plain:
            _try(operation, GenerationMode.POSITIVE, url, session, statuses, count=1, start=0)
        for start in itertools.count():
            missing = cases - total(statuses)
            if missing <= 0:
                return statuses
            count = -(-missing // (2 * len(varied)))
            for operation, mode in itertools.product(varied, GenerationMode):
                _try(operation, mode, url, session, statuses, count=count, start=start)
    raise AssertionError("unreachable")


def total(statuses: Counter[str]) -> int:
    """Return how many requests were made."""
    return sum(count for status, count in statuses.items() if status.isdigit())


def _takes_input(operation: Any) -> bool:
    return bool(operation.body) or any(True for _ in operation.iter_parameters())


def _try(
    operation: Any,
    mode: GenerationMode,
    url: str,
    session: requests.Session,
    statuses: Counter[str],
    *,
    count: int,
    start: int,
) -> None:
    names = [one.name for one in operation.path_parameters]
    known = st.none() | st.fixed_dictionaries({name: KNOWN[name] for name in names})

    @seed(start)
    @settings(
        max_examples=count, database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=operation.as_strategy(generation_mode=mode), ids=known)
    def answered(case: Any, ids: dict[str, str] | None) -> None:
        if ids is not None:
            case.path_parameters = ids
        answer = case.call(base_url=url, session=session, timeout=10)
        statuses[str(answer.status_code)] += 1
        if operation.label == "POST /v1/orders" and mode is GenerationMode.POSITIVE:
            statuses[f"{ORDERS} {answer.status_code}"] += 1
        assert answer.status_code < 500, answer.text
        case.validate_response(answer, checks=CHECKS)

    answered()


def main() -> None:
    """Run the contract and tell which answers came."""
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    warnings.simplefilter("ignore")
    began = time.perf_counter()
    with busy_engine() as running:
        statuses = exercise(running.server.rest_url, cases=cases)
    seconds = time.perf_counter() - began
    by_status = ", ".join(f"{status}: {count}" for status, count in sorted(statuses.items()))
    print(f"{total(statuses):,} requests in {seconds:.0f} s, every answer described ({by_status})")


if __name__ == "__main__":
    main()
