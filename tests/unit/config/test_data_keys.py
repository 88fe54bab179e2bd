"""The keys that say how a data file is read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest

from runner.config.fields import COLUMN_NAMES
from runner.config.schema import json_schema
from runner.engine.csv_header import FIELDS
from tests.unit.config.helpers import load, only_problem

MAPPING = {"time": "Date", "close": "Adj Close"}


@pytest.mark.parametrize(
    "written",
    [
        "data: {columns: {time: Date, close: Adj Close}}\n",
        "data:\n  columns: time=Date, close=Adj Close\n",
        "data:\n  columns:\n    time: Date\n    close: 'Adj Close '\n",
    ],
    ids=["mapping", "text", "quoted"],
)
def test_columns_are_a_mapping_or_its_text(tmp_path: Path, written: str) -> None:
    assert load(tmp_path, written).config.data.columns == MAPPING


def test_columns_can_be_a_variable_and_a_flag(tmp_path: Path) -> None:
    text = "time=Date,close=Adj Close"

    by_variable = load(tmp_path, env={"RUNNER_DATA__COLUMNS": text})
    by_flag = load(tmp_path, flags={"data.columns": text})

    assert by_variable.config.data.columns == by_flag.config.data.columns == MAPPING


def test_columns_by_number_stay_text(tmp_path: Path) -> None:
    config = load(tmp_path, "data: {columns: {time: 1, open: 02}}\n").config

    assert config.data.columns == {"time": "1", "open": "02"}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("tiem=Date", "maps time, open, high, low, close, volume, was 'tiem'"),
        ("time=a,time=b", "maps time twice"),
        ("time=", "has no column for time"),
        ("time", "has no column for time"),
        ("Date", "maps time, open, high, low, close, volume, was 'Date'"),
        ("time=a,,open=b", "maps time, open, high, low, close, volume, was empty"),
    ],
)
def test_a_mapping_that_cannot_be_read_is_refused(tmp_path: Path, text: str, what: str) -> None:
    problem = only_problem(tmp_path, flags={"data.columns": text})

    assert (problem.where, problem.key, problem.what) == ("flag --columns", "data.columns", what)


def test_a_list_of_columns_is_refused(tmp_path: Path) -> None:
    assert only_problem(tmp_path, "data: {columns: [a, b]}\n").what.startswith("must be")


@pytest.mark.parametrize(
    ("written", "good"),
    [
        ("time=Date,close=Adj Close", True),
        ({"time": "Date", "open": 2}, True),
        ("tiem=Date", False),
        ({"tiem": "Date"}, False),
        (["time"], False),
    ],
)
def test_the_schema_accepts_what_is_accepted(written: object, good: bool) -> None:
    document = {"data": {"columns": written}}

    assert jsonschema.Draft202012Validator(json_schema()).is_valid(document) is good


def test_the_names_are_those_of_the_reader() -> None:
    assert COLUMN_NAMES == FIELDS


def test_repairs_are_off_until_asked_for(tmp_path: Path) -> None:
    data = load(tmp_path).config.data

    assert (data.sort, data.dedupe, data.skip_bad) == (False, False, 0)


def test_repairs_are_keys(tmp_path: Path) -> None:
    data = load(tmp_path, "data: {sort: true, dedupe: true, skip_bad: 3}\n").config.data

    assert (data.sort, data.dedupe, data.skip_bad) == (True, True, 3)


@pytest.mark.parametrize("text", ["-1", "some", "1.5"])
def test_a_number_of_bad_rows_is_whole(tmp_path: Path, text: str) -> None:
    assert only_problem(tmp_path, flags={"data.skip_bad": text}).where == "flag --skip-bad"


def test_bounds_without_a_zone_are_in_the_zone_of_the_data(tmp_path: Path) -> None:
    data = load(
        tmp_path,
        "data: {timezone: America/New_York, from: 2024-03-10, to: 2024-03-10}\n",
    ).config.data

    assert (data.start, data.end) == (
        datetime(2024, 3, 10, 5, tzinfo=UTC),
        datetime(2024, 3, 11, 3, 59, 59, 999999, tzinfo=UTC),
    )


def test_bounds_with_a_zone_keep_it(tmp_path: Path) -> None:
    data = load(
        tmp_path,
        "data: {timezone: Asia/Tokyo}\n",
        flags={"data.from": "2024-01-01T00:00:00Z"},
    ).config.data

    assert data.start == datetime(2024, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("America/New_Yorc", "did you mean America/New_York?"),
        ("localtime", ""),
        ("../etc/passwd", ""),
        ("/etc/localtime", ""),
    ],
)
def test_a_zone_that_is_none_is_refused(tmp_path: Path, written: str, hint: str) -> None:
    problem = only_problem(tmp_path, f"data: {{timezone: {written}, from: 2024-01-01}}\n")

    assert problem.key == "data.timezone"
    assert problem.what == f"must be a time zone such as America/New_York, was {written!r}"
    assert problem.hint == hint
