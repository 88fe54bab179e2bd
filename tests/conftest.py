"""Options and fixtures of the whole suite."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes depends on the machine, which tests must not.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Take two workers a core: half of the time these tests wait, for processes and for clocks."""
    return 2 * (os.cpu_count() or 1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write what the golden tests find into their files instead of comparing; "
        "read the difference before keeping it",
    )
    parser.addoption(
        "--sim-seed", type=int, help="tests/simulation: play this seed only, and tell its story"
    )
    parser.addoption(
        "--sim-seeds", type=int, help="tests/simulation: play so many seeds instead of a few"
    )
    parser.addoption(
        "--race", type=int, default=12, help="tests/integration/test_race.py: how many start"
    )
    parser.addoption(
        "--all-toxics",
        action="store_true",
        help="tests/integration/test_toxic.py: play every row of its tables",
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """Return a check that a file holds a text; with --update-golden it writes the file."""
    update = request.config.getoption("--update-golden")

    def check(file: Path, text: str) -> None:
        if update:
            file.write_text(text, encoding="utf-8")
        expected = file.read_text(encoding="utf-8") if file.exists() else ""
        assert text == expected, f"{file.name} differs; if it should: pytest --update-golden"

    return check
