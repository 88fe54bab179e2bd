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
        (formats.signed(-3.456), "-3.46"),
        (formats.signed(123456.7), "+123,457"),
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
