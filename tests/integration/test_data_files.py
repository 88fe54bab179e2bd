"""Data files of all kinds in a run and in the engine that is served."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from websockets.sync.client import connect

from tests.integration.engine_process import play
from tests.integration.test_cli import runner
from tests.integration.test_server_command import WAIT, serving
from tests.unit.engine.csv_files import HEADER

SAMPLE = (Path(__file__).parents[2] / "runner" / "engine" / "sample" / "AAPL.csv").read_text()
SMA = ("run", str(Path(__file__).parents[2] / "strategies" / "sma_cross.py"))
RENAMED = "When,First,Top,Bottom,Last,Amount\n"
MAPPING = "time=When,open=First,high=Top,low=Bottom,close=Last,volume=Amount"


def flawed() -> str:
    """Return the bundled prices with two rows exchanged, one repeated and one broken."""
    lines = SAMPLE.splitlines(keepends=True)
    lines[10], lines[11] = lines[11], lines[10]
    return "".join([*lines[:21], lines[20], "broken\n", *lines[21:]])


def test_repairs_on_request_give_the_run_of_the_good_file_and_are_counted(tmp_path: Path) -> None:
    (tmp_path / "AAPL.csv").write_text(flawed())

    good = json.loads(runner(*SMA, "--json").stdout)
    done = runner(
        *(*SMA, "--json", "--data", "AAPL.csv", "--sort", "--dedupe", "--skip-bad", "1"),
        cwd=tmp_path,
    )

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["trades"] == good["trades"]
    assert found["equity"] == good["equity"]
    file = tmp_path / "AAPL.csv"
    assert (good["warnings"], found["warnings"]) == (
        [],
        [
            f"1 row of {file} was left out, first {file}:23: "
            "the row has 1 columns, the header has 6: 'broken'",
            f"1 row of {file} was sorted into place",
            f"1 row of {file} was dropped as repeated; the last of each moment was kept",
        ],
    )


def test_repairs_stand_in_the_text_of_the_result(tmp_path: Path) -> None:
    (tmp_path / "AAPL.csv").write_text(flawed())
    (tmp_path / "c.yaml").write_text(
        "data: {path: AAPL.csv, sort: true, dedupe: true, skip_bad: 1}\n"
    )

    done = runner(*SMA, "-c", "c.yaml", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Warning") == 3
    assert "was left out" in " ".join(done.stdout.split())


def test_nothing_is_repaired_unasked(tmp_path: Path) -> None:
    (tmp_path / "AAPL.csv").write_text(flawed())

    done = runner(*SMA, "--data", "AAPL.csv", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (3, "")
    assert "error[E354]" in done.stderr
    assert "AAPL.csv:23" in done.stderr


@pytest.mark.parametrize(
    "options", [("--columns", MAPPING), ("-c", "c.yaml")], ids=["flag", "file"]
)
def test_a_packed_file_with_foreign_columns_is_the_same_data(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    body = SAMPLE.partition("\n")[2]
    assert SAMPLE.partition("\n")[0] + "\n" == HEADER
    (tmp_path / "aapl.csv.gz").write_bytes(gzip.compress((RENAMED + body).encode()))
    (tmp_path / "c.yaml").write_text(f"data: {{columns: '{MAPPING}'}}\n")

    done = runner(*SMA, "--json", "--data", "{symbol}.csv.gz", *options, "-s", "S:aapl:candle",
                  cwd=tmp_path)  # fmt: skip

    assert done.returncode == 0, done.stderr
    good = json.loads(runner(*SMA, "--json").stdout)
    assert json.loads(done.stdout)["equity"] == good["equity"]


def test_an_engine_serves_what_was_mapped_and_repaired(tmp_path: Path) -> None:
    rows = "".join(f"2000-03-{day:02d},10,12,9,11,100\n" for day in (1, 3, 2, 2, 6))
    file = tmp_path / "xyz.csv"
    file.write_text(RENAMED + rows + "broken\n")

    with serving(
        *("--data", str(file), "--columns", MAPPING, "--once"),
        *("--sort", "--dedupe", "--skip-bad", "1"),
    ) as (process, urls):
        with connect(urls["ws_url"], proxy=None) as websocket:
            frames = play(websocket)
        _, said = process.communicate(timeout=WAIT)

    assert sum(one["type"] == "candle" for one in frames) == 4
    assert "engine: S:XYZ from" in said
    assert f"engine: 2 rows of {file} were sorted into place" in said
    assert f"engine: 1 row of {file} was left out, first {file}:7" in said


@pytest.mark.parametrize("name", ["AAPL.parquet", "AAPL.csv.zst", "AAPL.csv.gz"])
def test_a_converted_file_gives_the_same_run_and_nothing_on_stderr(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "AAPL.csv").write_text(SAMPLE)

    converted = runner("data", "convert", "AAPL.csv", name, "--quiet", cwd=tmp_path)
    done = runner(*SMA, "--json", "--quiet", "--data", name, cwd=tmp_path)

    assert (converted.returncode, converted.stdout, converted.stderr) == (0, "", "")
    assert (done.returncode, done.stderr) == (0, "")
    good = json.loads(runner(*SMA, "--json").stdout)
    assert json.loads(done.stdout)["equity"] == good["equity"]
