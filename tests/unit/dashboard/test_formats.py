"""Numbers and tables as a person reads them."""

from __future__ import annotations

from math import inf, nan

import pytest

from runner.dashboard import formats
from runner.dashboard.formats import Column


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (formats.money(1234.5), "1,234.50"),
        (formats.money(nan), "-"),
        (formats.several(1, "order"), "1 order"),
        (formats.several(2000, "order"), "2,000 orders"),
        (formats.percent(0.1234), "12.3 %"),
        (formats.percent(None), "-"),
        (formats.price(0.000012345), "1.2345e-05"),
        (formats.price(1234.5), "1,234.50"),
        (formats.quantity(100.0), "100"),
        (formats.quantity(0.125), "0.125"),
        (formats.count(12_345_678), "12.3 M"),
        (formats.count(0.5), "0.5"),
        (formats.lasting(59.9), "00:59"),
        (formats.lasting(3661), "1:01:01"),
        (formats.lasting(inf), "-"),
        (formats.ago(90), "01:30 ago"),
        (formats.moment(0), "starting"),
        (formats.moment(10**18), "unknown time"),
    ],
)
def test_a_value_reads_well(said: str, expected: str) -> None:
    assert expected == said


def test_amounts_of_one_column_have_the_same_decimals() -> None:
    assert formats.signed([-3.456, None, 12.0]) == ["-3.46", "-", "+12.00"]
    assert formats.signed([-3.456, nan, 123456.7]) == ["-3", "-", "+123,457"]


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("short", 5, ["short"]),
        ("a few words more", 8, ["a few", "words", "more"]),
        ("exactly nine", 7, ["exactly", "nine"]),
        ("unbreakable", 4, ["unbr", "eaka", "ble"]),
        ("漢字漢字", 5, ["漢字", "漢字"]),
        ("        ", 3, [""]),
    ],
)
def test_a_long_text_goes_on_in_the_next_line(text: str, width: int, expected: list[str]) -> None:
    assert list(formats.wrapped(text, width)) == expected


def test_of_a_text_without_end_the_beginning_is_shown() -> None:
    assert len(formats.wrapped("x" * 10**6, 100)) < 30


COLUMNS = (
    Column("name", 4, grows=True),
    Column("number", 6, right=True, rank=1),
    Column("more", 4, rank=2),
)


def lines(width: int, *rows: tuple[str, ...]) -> list[str]:
    return [one.plain for one in formats.table(COLUMNS, [(row, "") for row in rows], width)]


def test_a_table_gives_the_spare_room_to_the_column_that_grows() -> None:
    assert lines(18, ("abcdef", "1", "x")) == ["name   number more", "abcdef      1 x   "]


def test_columns_yield_by_rank_and_text_is_cut_visibly() -> None:
    assert lines(11, ("abcdef", "1", "x")) == ["name number", "abc…      1"]


def test_a_number_is_never_cut() -> None:
    assert lines(16, ("abcdefgh", "1234567890", "x")) == ["name      number", "abcd… 1234567890"]


def test_wide_characters_take_two_columns() -> None:
    assert formats.fitted("漢字漢字", 5) == "漢字…"
    assert formats.fitted("漢字漢字", 4) == "漢 …"
