"""Records in other forms: nothing lost, nothing rounded where that can be helped."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path

import duckdb
import msgspec
import pytest

from runner.errors import MachineError
from runner.records.export import TABLES, as_csv, as_document, table_of, write_parquet
from tests.unit.records.making import order_line, put, recorded_run, shelf_of, trade_line


@pytest.mark.parametrize("table", TABLES)
def test_csv_reads_back_row_for_row(tmp_path: Path, table: str) -> None:
    record = recorded_run(tmp_path)
    names, rows = table_of(record, table)

    found = list(csv.DictReader(io.StringIO(as_csv(record, table))))

    assert len(found) == len(list(rows)) > 10
    assert list(found[0]) == names


def test_amounts_are_text_without_an_exponent(tmp_path: Path) -> None:
    line = trade_line(quantity=Decimal("1E+3"), price=Decimal("1E-9"), reason='a, "b"\nc')
    record, _ = put(shelf_of(tmp_path), trades=[line])

    (row,) = csv.DictReader(io.StringIO(as_csv(record, "trades"), newline=""))

    assert (row["quantity"], row["price"]) == ("1000", "0.000000001")
    assert row["reason"] == 'a, "b"\nc'
    assert row["realized_pnl"] == ""


def test_the_json_document_holds_everything(tmp_path: Path) -> None:
    record = recorded_run(tmp_path)

    document = json.loads(msgspec.json.encode(as_document(record)))

    assert document["schema"] == "runner.record/1"
    assert document["status"] == "complete"
    assert document["end"]["result"]["schema"] == "runner.run/1"
    assert document["trades"][0]["quantity"] == "10"
    assert document["trades"][0]["time"].endswith("Z")
    assert len(document["orders"]) == document["end"]["result"]["orders"]
    assert document["equity"][0]["equity"] == 100_000.0


@pytest.mark.parametrize("table", TABLES)
def test_parquet_holds_numbers_and_moments(tmp_path: Path, table: str) -> None:
    record = recorded_run(tmp_path)
    file = tmp_path / "it's [odd] *.parquet"

    write_parquet(record, table, file)

    described = duckdb.sql(f"DESCRIBE FROM read_parquet('{_literal(file)}')").fetchall()
    kinds = {name: kind for name, kind, *_ in described}
    counted = duckdb.sql(f"SELECT count(*) FROM read_parquet('{_literal(file)}')").fetchall()
    names, rows = table_of(record, table)
    assert list(kinds) == names
    assert counted == [(len(list(rows)),)]
    numbers = {"quantity", "price", "filled", "equity", "average_price", "commission"}
    assert {kinds[name] for name in numbers & kinds.keys()} == {"DOUBLE"}
    moments = {"time", "created", "updated"} & kinds.keys()
    assert {kinds[name] for name in moments} == {"TIMESTAMP WITH TIME ZONE"}
    assert {one.name for one in tmp_path.iterdir()} == {".runner", "in_and_out.py", file.name}


def test_parquet_keeps_odd_words_and_flags(tmp_path: Path) -> None:
    line = order_line(reason='a, "b"\nc', reduce_only=True, limit=Decimal("1.5"))
    record, _ = put(shelf_of(tmp_path), orders=[line])

    write_parquet(record, "orders", tmp_path / "x.parquet")

    found = duckdb.sql(
        f"SELECT reason, reduce_only, \"limit\", stop FROM '{tmp_path / 'x.parquet'}'"
    ).fetchall()
    assert found == [('a, "b"\nc', True, 1.5, None)]


def test_a_file_that_cannot_be_written_is_the_machines_refusal(tmp_path: Path) -> None:
    record, _ = put(shelf_of(tmp_path), trades=[trade_line()])

    with pytest.raises(MachineError) as error:
        write_parquet(record, "trades", tmp_path / "no" / "where.parquet")

    assert error.value.id == "E1023"


def _literal(file: Path) -> str:
    import glob

    return glob.escape(str(file)).replace("'", "''")
