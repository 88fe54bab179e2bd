"""A short walk through the whole interface with generated requests; `api_contract` does the rest.

Skipped where schemathesis is not installed.
"""

from __future__ import annotations

import pytest

pytest.importorskip("schemathesis")


@pytest.mark.filterwarnings("ignore")
def test_every_answer_is_one_that_the_description_names() -> None:
    from tests.integration.api_contract import ORDERS, busy_engine, exercise, total

    with busy_engine() as running:
        statuses = exercise(running.server.rest_url, cases=150)
        assert running.get("/livez") == {"status": "ok"}

    assert {"200", "201", "400", "404"} <= set(statuses)
    assert total(statuses) >= 150
    assert statuses[f"{ORDERS} 201"] > 0
