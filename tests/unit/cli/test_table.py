"""Tables: which columns a narrow terminal loses first, and what is cut."""

from __future__ import annotations

import pytest

from runner.cli.table import Column, fitting, print_table

COLUMNS = (
    Column("id"),
    Column("symbols", rank=2),
    Column("return", rank=1),
    Column("tags", rank=3),
)
ROW = ["20260131-bcdf", "S:AAPL, S:MSFT", "+12.00 %", ""]


@pytest.mark.parametrize(
    ("width", "kept"),
    [(80, [0, 1, 2]), (30, [0, 2]), (20, [0]), (10, [0])],
)
def test_the_columns_of_the_highest_rank_go_first(width: int, kept: list[int]) -> None:
    assert list(fitting(COLUMNS, [ROW], width)) == kept


def test_the_widest_column_is_cut_where_none_can_be_spared() -> None:
    columns = (Column("what"), Column("before"), Column("after"))

    widths = fitting(columns, [["cash", "x" * 50, "y" * 20]], 40)

    assert widths == {0: 4, 1: 15, 2: 15}


def test_columns_stay_where_there_are_no_rows() -> None:
    assert list(fitting(COLUMNS, [], 80)) == [0, 1, 2, 3]


def test_a_pipe_gets_tabs_and_one_line_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    print_table((Column("id"), Column("note", rank=9)), [["a", "two\nlines\tand \x1b[2J"]])

    assert capsys.readouterr().out == "id\tnote\na\ttwo lines and  [2J\n"
