"""Reading a record back: a whole one, a cut one, a damaged one."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.errors import ConfigError
from runner.records.lines import BEGIN, OLD_EQUITY, ORDERS, TRADES, Failure, encode_lines
from runner.records.reading import read_record
from tests.unit.records.making import (
    IN_AND_OUT,
    end_of,
    order_line,
    put,
    recorded_run,
    shelf_of,
    trade_line,
)

SECRET = "kept-by-nobody"


def test_a_record_holds_what_its_run_printed(tmp_path: Path) -> None:
    record = recorded_run(tmp_path)

    assert record.status == "complete"
    assert record.source == IN_AND_OUT
    assert record.begin.command == ["run", "in_and_out.py"]
    assert record.begin.strategy.params == {"size": 10}
    assert record.begin.symbols == ["S:AAPL"]
    assert record.begin.versions["msgspec"]
    assert record.result["schema"] == "runner.run/1"
    assert record.result["statistics"]["executions"] == len(record.trades) > 10
    assert record.result["orders"] == len(record.orders)
    assert record.equity.equities[-1] == record.result["statistics"]["final_equity"]
    assert record.end is not None
    assert record.end.digest == record.result["digest"]
    assert record.size > 1000


def test_C14_the_source_is_that_of_the_start_whatever_becomes_of_the_file(tmp_path: Path) -> None:
    source = IN_AND_OUT.replace(
        "        if self.is_flat:",
        "        Path(__file__).write_text('edited')\n        if self.is_flat:",
    )
    source = "from pathlib import Path\n" + source

    record = recorded_run(tmp_path, source=source)

    assert (tmp_path / "in_and_out.py").read_text() == "edited"
    assert record.source == source


def test_no_secret_is_in_a_record(tmp_path: Path) -> None:
    from runner.app import execute
    from runner.config.load import load_config

    (tmp_path / "in_and_out.py").write_text(IN_AND_OUT)
    environ = {"GATEWAY_API_KEY": SECRET, "RUNNER_ENGINE__TOKEN": SECRET}
    flags = {"strategy": "in_and_out.py", "data.to": "2000-04-01"}
    loaded = load_config(None, flags=flags, environ=environ, cwd=tmp_path)

    execute(loaded, cwd=tmp_path, environ=environ)

    files = [one for one in (tmp_path / ".runner").rglob("*") if one.is_file()]
    assert len(files) > 5
    assert not any(SECRET.encode() in one.read_bytes() for one in files)


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (end_of("complete"), "complete"),
        (end_of("interrupted"), "interrupted"),
        (end_of("complete", error=Failure("E801", "nothing arrived")), "failed"),
    ],
    ids=["complete", "interrupted", "failed"],
)
def test_the_status_says_how_a_run_ended(tmp_path: Path, end: object, status: str) -> None:
    record, _ = put(shelf_of(tmp_path), end=end)  # type: ignore[arg-type]

    assert record.status == status


def test_without_an_end_a_run_goes_on_or_has_died(tmp_path: Path) -> None:
    record, hold = put(shelf_of(tmp_path))
    assert (record.status, record.result, record.finished) == ("running", {}, None)

    hold.release()

    assert read_record(record.folder).status == "died"


def test_an_order_is_as_it_was_last_seen(tmp_path: Path) -> None:
    lines = [order_line("r-1"), order_line("r-2"), order_line("r-1", "FILLED")]
    record, _ = put(shelf_of(tmp_path), orders=lines)

    assert [(one.id, one.status) for one in record.orders] == [("r-1", "FILLED"), ("r-2", "OPEN")]


def test_I9_a_file_cut_at_any_byte_gives_all_its_whole_lines(tmp_path: Path) -> None:
    lines = [trade_line(number, reason="a\nb") for number in (1, 2, 3)]
    data = encode_lines(lines)
    record, _ = put(shelf_of(tmp_path))

    for cut in range(len(data) + 1):
        (record.folder / TRADES).write_bytes(data[:cut])
        assert read_record(record.folder).trades == lines[: data[:cut].count(b"\n")]


def test_a_damaged_line_costs_no_other_line(tmp_path: Path) -> None:
    lines = [trade_line(1), trade_line(2)]
    record, _ = put(shelf_of(tmp_path))
    (record.folder / TRADES).write_bytes(encode_lines(lines).replace(b"\n", b"\n\xff{{\n", 1))

    assert read_record(record.folder).trades == lines


def test_missing_files_are_as_good_as_empty_ones(tmp_path: Path) -> None:
    record, _ = put(shelf_of(tmp_path))
    for name in (ORDERS, TRADES):
        (record.folder / name).unlink()

    again = read_record(record.folder)

    assert (again.orders, again.trades, len(again.equity)) == ([], [], 0)
    assert again.events_file is None


def test_the_curve_of_an_older_record_is_read_too(tmp_path: Path) -> None:
    record, _ = put(shelf_of(tmp_path))
    kept = [*range(10), *range(10, 30, 2), *range(32, 60, 4), 61]
    (record.folder / OLD_EQUITY).write_bytes(encode_lines((n, n * 1000, float(n)) for n in kept))

    assert [time // 1000 for time in record.equity.times] == [*range(0, 60, 4), 61]
    assert record.equity.every == 4


@pytest.mark.parametrize("text", [b"", b"{", b"\xff", b"[]", b'{"id": 1}'])
def test_a_record_whose_beginning_is_damaged_says_so(tmp_path: Path, text: bytes) -> None:
    record, _ = put(shelf_of(tmp_path))
    (record.folder / BEGIN).write_bytes(text)

    with pytest.raises(ConfigError, match="cannot be read") as error:
        read_record(record.folder)

    assert error.value.id == "E394"
