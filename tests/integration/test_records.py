"""What a run leaves behind when it is killed, refused, or run many times at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from runner.app import execute
from runner.app.replay import replayed
from runner.config.load import load_config
from runner.engine.data import open_data
from runner.records.lines import TRADES
from runner.records.reading import read_record
from tests.integration.engine_process import engine
from tests.integration.test_cli import clean_environment
from tests.unit.records.making import IN_AND_OUT, run_in, shelf_of

SLOW = IN_AND_OUT.replace("from runner", "import time\nfrom runner", 1).replace(
    "        if self.is_flat:", "        time.sleep(0.001)\n        if self.is_flat:"
)
KILLS = 20
END_MS = 957_139_200_000
"""2000-05-01, UTC: two months of the sample."""


def environment(**more: str) -> dict[str, str]:
    return {**clean_environment(), "RUNNER_RECORDS__ENABLED": "true", **more}


def runner(*arguments: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "runner", *arguments],
        cwd=cwd,
        env=environment(**environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "runner", "run", "slow.py", "--ui", "none", *arguments],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def runs(folder: Path) -> list[dict[str, Any]]:
    done = runner("runs", "--json", "--limit", "0", cwd=folder)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)["runs"]
    return found


def _written(folder: Path) -> bytes:
    file = folder / TRADES
    return file.read_bytes() if file.exists() else b""


def eventually(is_so: Any) -> None:
    until = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)


NURSERY = """
import os, sys
import runner.app, runner.cli.root, runner.config.explain, runner.records.recording  # once for all
from runner.cli import main

pids = []
for _ in range(int(sys.argv[1])):
    pid = os.fork()
    if not pid:
        sys.argv = ["runner", "run", "slow.py", "--ui", "none"]
        main()
    pids.append(pid)
print(*pids, flush=True)
for pid in pids:
    os.waitpid(pid, 0)
"""
"""Starts many runs, each a process of its own, for the price of one."""


def test_kill_9_at_20_points_leaves_died_runs_with_all_they_had(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    shelf = shelf_of(tmp_path)
    nursery = subprocess.Popen(
        [sys.executable, "-c", NURSERY, str(KILLS)],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert nursery.stdout is not None
    pids = [int(pid) for pid in nursery.stdout.readline().split()]
    eventually(lambda: len(shelf.ids()) == KILLS)
    records = {one.begin.pid: one for one in map(read_record, map(shelf.folder, shelf.ids()))}
    assert records.keys() == set(pids)
    assert {one.status for one in records.values()} == {"running"}

    known = {}
    for pid in pids:
        time.sleep(0.06)  # 1.2 s in all: before, between and after two looks of the recording
        file = records[pid].folder / TRADES
        known[records[pid].id] = len(file.read_bytes().splitlines()) if file.exists() else 0
        os.kill(pid, signal.SIGKILL)
    nursery.communicate(timeout=20)

    listed = runs(tmp_path)
    assert {one["id"] for one in listed} == known.keys()
    assert {one["status"] for one in listed} == {"died"}
    for one in listed:
        record = read_record(shelf.folder(one["id"]))
        assert record.source == SLOW
        assert len(record.trades) == one["trades"] >= known[record.id]
    assert max(known.values()) > 20


def test_runs_at_the_same_time_do_not_disturb_each_other(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    processes = [start(tmp_path, "--json", "--to", "2000-06-01") for _ in range(4)]

    documents = [json.loads(process.communicate(timeout=60)[0]) for process in processes]

    assert {process.returncode for process in processes} == {0}
    ids = {document["run"]["record"] for document in documents}
    assert len(ids) == 4
    assert len({document["digest"] for document in documents}) == 1
    assert {one["id"] for one in runs(tmp_path)} == ids
    assert {one["status"] for one in runs(tmp_path)} == {"complete"}


def test_a_run_is_listed_as_running_while_it_runs(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    process = start(tmp_path)
    shelf = shelf_of(tmp_path)
    eventually(lambda: shelf.ids() and read_record(shelf.folder(shelf.ids()[0])).trades)

    (one,) = runs(tmp_path)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)

    assert one["status"] == "running"
    assert one["trades"] > 0
    (one,) = runs(tmp_path)
    assert (one["status"], one["exit_code"]) == ("interrupted", 130)


def test_a_strategy_that_raises_leaves_a_record_with_its_error(tmp_path: Path) -> None:
    (tmp_path / "raises.py").write_text(IN_AND_OUT.replace("self.close", "self.not_there"))

    done = runner("run", "raises.py", cwd=tmp_path)

    assert done.returncode == 5
    (one,) = runs(tmp_path)
    assert (one["status"], one["error"], one["exit_code"]) == ("failed", "E501", 5)
    assert one["trades"] == 1


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    """Return a directory in which no record can be made, whoever runs the tests."""
    (tmp_path / "slow.py").write_text(IN_AND_OUT)
    (tmp_path / ".runner").write_text("a file where a directory should be")
    return tmp_path


def test_O5_a_backtest_goes_on_where_no_record_can_be_written(sealed: Path) -> None:
    done = runner("run", "slow.py", "--json", cwd=sealed)

    assert done.returncode == 0
    assert json.loads(done.stdout)["run"]["record"] is None
    assert done.stderr.count("leaves no whole record") == 1
    assert "--no-record" in done.stderr


def test_O5_with_record_asked_for_the_run_is_refused(sealed: Path) -> None:
    done = runner("run", "slow.py", "--record", cwd=sealed)

    assert done.returncode == 10
    assert "error[E1021]" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_record_leaves_nothing_and_says_nothing(sealed: Path) -> None:
    (sealed / ".runner").unlink()

    done = runner("run", "slow.py", "--no-record", "--ui", "none", cwd=sealed)

    assert (done.returncode, done.stderr) == (0, "")
    assert "Record" not in done.stdout
    assert sorted(os.listdir(sealed)) == ["slow.py"]


def test_O6_a_record_removed_during_its_run_is_told_and_costs_no_result(tmp_path: Path) -> None:
    import shutil

    (tmp_path / "slow.py").write_text(SLOW)
    process = start(tmp_path, "--json", "--to", "2002-01-01")
    shelf = shelf_of(tmp_path)
    eventually(lambda: shelf.ids() and read_record(shelf.folder(shelf.ids()[0])).trades)
    shutil.rmtree(tmp_path / ".runner")

    out, err = process.communicate(timeout=60)

    assert process.returncode == 0
    assert json.loads(out)["ending"]["why"] == "complete"
    assert err.count("leaves no whole record") == 1


def test_a_run_over_the_wire_is_held_again_without_its_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {}
    with engine(*open_data("sample", ["S:AAPL"], end_ms=END_MS)) as peer:
        environ["ENGINE_WS_URL"] = peer.server.ws_url
        environ["ENGINE_REST_URL"] = peer.server.rest_url
        (tmp_path / "in_and_out.py").write_text(IN_AND_OUT)
        loaded = load_config(
            None,
            flags={"strategy": "in_and_out.py", "records.events": "true"},
            environ=environ,
            cwd=tmp_path,
        )
        result, error = execute(loaded, cwd=tmp_path, environ=environ)
        assert error is None
    record = read_record(shelf_of(tmp_path).folder(result.record))

    session, steps = replayed(record, cwd=tmp_path)
    taken = list(steps)

    assert record.begin.runtime == "engine"
    assert taken[-1].ending is not None
    assert all(one.difference is None for one in taken)
    assert [one.trade.id for one in session.desk.portfolio.fills] == [
        one.id for one in record.trades
    ]
    assert list(session.desk.portfolio.equities) == list(result.equities)


def test_keeping_the_events_changes_no_result(tmp_path: Path) -> None:
    alone = run_in(tmp_path)
    kept = run_in(tmp_path, **{"records.events": "true"})

    assert kept.digest == alone.digest
    assert kept.trades == alone.trades
    assert kept.equities == alone.equities


def test_kill_9_leaves_the_events_up_to_the_last_look(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    process = start(tmp_path, "--record")
    shelf = shelf_of(tmp_path)
    eventually(lambda: shelf.ids() and len(_written(shelf.folder(shelf.ids()[0]))) > 100)
    time.sleep(1)  # one more look, after which more has happened than the first one told of
    process.send_signal(signal.SIGKILL)
    process.communicate()
    record = read_record(shelf.folder(shelf.ids()[0]))

    session, steps = replayed(record, cwd=tmp_path)

    assert record.status == "died"
    assert all(one.difference is None for one in steps)
    again = [one.trade.id for one in session.desk.portfolio.fills]
    known = [one.id for one in record.trades]
    assert again  # the two are written one after the other, so either may know more
    assert again[: len(known)] == known[: len(again)]


def test_a_run_with_limits_is_held_again_under_the_same_limits(tmp_path: Path) -> None:
    flags = {"records.events": "true", "risk.max_order_quantity": "5"}
    result = run_in(tmp_path, **flags)
    record = read_record(shelf_of(tmp_path).folder(result.record))

    session, steps = replayed(record, cwd=tmp_path)

    assert all(one.difference is None for one in steps)
    assert len(session.rejections) == len(record.orders) > 0


IMPORTING = """
from pathlib import Path

import rules
from helpers.more import unused
from runner import Candle, Strategy


class Importing(Strategy):
    default_subscriptions = ("S:AAPL:candle",)
    seen = 0

    def on_candle(self, candle: Candle) -> None:
        self.seen += 1
        if self.seen == 10 and Path("edit").exists():
            for name in ("importing.py", "rules.py", "run.yaml"):
                Path(name).write_text("edited: while it ran")
        if rules.is_time(self.seen):
            self.target(equity=0.5 if self.is_flat else 0)
"""


@pytest.fixture
def importing(tmp_path: Path) -> Path:
    (tmp_path / "helpers").mkdir()
    (tmp_path / "helpers" / "__init__.py").write_text("")
    (tmp_path / "helpers" / "more.py").write_text("unused = 1\n")
    (tmp_path / "rules.py").write_text("def is_time(count):\n    return count % 5 == 0\n")
    (tmp_path / "importing.py").write_text(IMPORTING)
    (tmp_path / "run.yaml").write_text('strategy: importing.py\ndata: {to: "2000-06-30"}\n')
    return tmp_path


def test_modules_that_a_strategy_imports_are_kept_compared_and_part_of_the_digest(
    importing: Path,
) -> None:
    here = {"PYTHONPATH": str(importing)}
    first, same = (
        json.loads(runner("run", "run.yaml", "--json", cwd=importing, **here).stdout)
        for _ in range(2)
    )
    (importing / "rules.py").write_text("def is_time(count):\n    return count % 7 == 0\n")
    other = json.loads(runner("run", "run.yaml", "--json", cwd=importing, **here).stdout)

    record = read_record(shelf_of(importing).folder(shelf_of(importing).ids()[0]))
    helpers = ["helpers/__init__.py", "helpers/more.py"]
    assert list(record.begin.strategy.modules) == [*helpers, "rules.py"]
    assert first["digest"] == same["digest"] != other["digest"]
    diff = runner("runs", "diff", "last~1", "last", cwd=importing).stdout
    assert "-    return count % 5 == 0" in diff
    assert "+    return count % 7 == 0" in diff
    assert "rules.py" in runner("runs", "show", "last", cwd=importing).stdout


def test_C14_files_edited_while_a_run_goes_on_change_nothing_of_it(importing: Path) -> None:
    here = {"PYTHONPATH": str(importing)}
    before = json.loads(runner("run", "run.yaml", "--json", cwd=importing, **here).stdout)
    (importing / "edit").touch()

    edited = json.loads(runner("run", "run.yaml", "--json", cwd=importing, **here).stdout)

    assert (importing / "run.yaml").read_text() == "edited: while it ran"
    assert (edited["digest"], edited["trades"]) == (before["digest"], before["trades"])
    for name in shelf_of(importing).ids():
        record = read_record(shelf_of(importing).folder(name))
        assert record.source == IMPORTING
        assert "count % 5" in record.modules["rules.py"]
        settings = {one.key: one for one in record.begin.settings}
        assert str(settings["data.to"].value).startswith("2000-06-30")
