"""The process that guards a run: what it passes on, and what it does when the run is dead."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.integration.gateway import (
    Gateway,
    ended,
    eventually,
    gateway,
    send_signal,
    stays,
    strategy_in,
)
from tests.integration.peer import Client, Handler
from tests.integration.terminal import BACK, terminal
from tests.integration.test_cli import SLOW, clean_environment, runner
from tests.integration.test_live_process import run_of
from tests.integration.test_on_exit import HOLDS, WORKS, foreign, one_candle

PATIENCE_S = 30.0
GUARDED = ("--set", "supervised=always", "--set", "handler_timeout=1s")
DIES = """
import ctypes, os, re, signal, time
from runner import Strategy

class Dies(Strategy):
    default_subscriptions = ("S:AAPL:candle",)

    def on_candle(self, candle):
        self.buy(quantity=1, limit=50)
        self.seen = getattr(self, "seen", 0) + 1
        if self.seen == {at}:
            {act}
"""
DEATHS = {
    "killed": ("os.kill(os.getpid(), signal.SIGKILL)", 10, "E1050"),
    "crashed": ("ctypes.string_at(0)", 5, "E504"),
    "blocked in a library": ("re.match('(a+)+$', 'a' * 60 + 'b')", 5, "E502"),
    "gone by itself": ("os._exit(0)", 5, "E505"),
}


def dies(folder: Path, act: str, at: int = 2) -> str:
    return strategy_in(folder, DIES.format(act=act, at=at), "dies.py")


def two_candles(client: Client) -> None:
    client.connected()
    client.candles(0)
    client.ack()
    client.candles(1)
    stays(client)


def killed(
    peer: Gateway, folder: Path, text: str, *arguments: str
) -> tuple[int, dict[str, Any], str]:
    """Kill a run once it has placed two orders."""
    ignoring = ("--set", "gateway.foreign=ignore")
    process = peer.start(folder, "run", strategy_in(folder, text), "--json", *ignoring, *arguments)
    peer.wait_for_posts(2)
    eventually(lambda: peer.peer.acked == ["e0"])
    os.kill(run_of(process), signal.SIGKILL)
    return ended(process)


# The death of a run at a gateway


@pytest.mark.parametrize(("act", "code", "id"), DEATHS.values(), ids=DEATHS)
def test_O3_S9_a_dead_run_is_named_and_its_entries_are_cancelled(
    tmp_path: Path, act: str, code: int, id: str
) -> None:
    with gateway(two_candles) as peer:
        process = peer.start(
            tmp_path, "run", dies(tmp_path, act), "--set", "handler_timeout=1s", "--ui", "none"
        )
        left, _, said = ended(process)
        (entry,) = peer.book.orders

    assert left == code, said
    assert f"error[{id}]" in said
    assert "Traceback" not in said
    assert entry["status"] == "CANCELLED"
    assert peer.peer.acked == ["e0"], "the event that it died of is not acknowledged"
    kept = json.loads((tmp_path / "kept" / "runs").glob("*/end.json").__next__().read_text())
    assert (kept["why"], kept["error"]["id"], kept["exit_code"]) == ("killed", id, code)


def test_S9_the_line_that_blocks_is_shown(tmp_path: Path) -> None:
    name = dies(tmp_path, DEATHS["blocked in a library"][0])

    done = runner("run", name, *GUARDED, cwd=tmp_path)

    assert done.returncode == 5
    line = DIES.split("\n").index("            {act}") + 1
    assert f'File "{tmp_path}/dies.py", line {line}, in on_candle' in done.stderr
    assert "error[E502]: a handler has not returned after 1 s" in done.stderr


def test_O3_only_entries_of_ours_are_cancelled_and_by_their_ids(tmp_path: Path) -> None:
    with gateway(one_candle) as peer:
        theirs = foreign(peer)
        code, _, said = killed(peer, tmp_path, WORKS)
        entry, stop = peer.book.orders[1:]
        deletes = [path for method, path in peer.writes if method == "DELETE"]

    assert code == 10, said
    assert (theirs["status"], entry["status"], stop["status"]) == ("OPEN", "CANCELLED", "OPEN")
    assert deletes == [f"/v1/orders/{entry['id']}"]
    assert "entries were cancelled, what protects stays (on_death: cancel)" in said


def test_O3_on_death_leave_changes_nothing(tmp_path: Path) -> None:
    with gateway(one_candle) as peer:
        code, _, said = killed(peer, tmp_path, WORKS, "--set", "on_death=leave")

        assert {one["status"] for one in peer.book.orders} == {"OPEN"}
    assert code == 10
    assert "orders and positions stay as they are" in said


def test_O3_on_death_flatten_closes_what_the_journal_says_we_hold(tmp_path: Path) -> None:
    with gateway(one_candle) as peer:
        peer.book.fills = True
        peer.book.hold("S:THEIRS", "5")
        code, _, said = killed(peer, tmp_path, HOLDS, "--set", "on_death=flatten")
        _, stop, close = peer.book.orders

    assert code == 10, said
    assert (close["side"], close["quantity"], close["reduce_only"]) == ("SELL", "3", True)
    assert stop["status"] == "CANCELLED"
    assert peer.book.held() == {"S:THEIRS": 5}


def test_O3_a_gateway_that_does_not_cancel_is_a_matter_for_a_person(tmp_path: Path) -> None:
    def refuse(handler: Handler) -> bool:
        handler.refuse(503, "PROVIDER_UNAVAILABLE")
        return True

    with gateway(one_candle) as peer:
        peer.book.faults["DELETE"] = [refuse] * 1000
        code, _, said = killed(peer, tmp_path, WORKS)

    assert code == 9, said
    assert "error[E1050]" in said
    assert "error[E924]" in said


def test_O3_the_next_run_goes_on_from_what_was_left(tmp_path: Path) -> None:
    def nothing_more(client: Client) -> None:
        client.connected()
        client.candles(1)
        client.ack()
        client.complete()
        client.ack()

    with gateway(one_candle, nothing_more) as peer:
        killed(peer, tmp_path, WORKS)
        once = WORKS.replace("self.buy", "self.seen = 1\n        if 0: self.buy")
        once = once.replace("self.sell", "if 0: self.sell")
        again = peer.run(tmp_path, "run", strategy_in(tmp_path, once))

        assert again.returncode == 0, again.stderr
        assert len(peer.book.posts) == 2


# The guard


@pytest.mark.parametrize(
    ("number", "code", "to"),
    [
        (signal.SIGINT, 130, "the guard"),
        (signal.SIGINT, 130, "both"),
        (signal.SIGTERM, 143, "the run"),
        (signal.SIGTERM, 143, "both"),
        (signal.SIGHUP, 143, "the guard"),
        (signal.SIGUSR1, 9, "both"),
    ],
    ids=lambda one: one.name if isinstance(one, signal.Signals) else str(one),
)
def test_O1_O2_a_signal_counts_once_whoever_is_sent_it(
    tmp_path: Path, number: signal.Signals, code: int, to: str
) -> None:
    with gateway(one_candle) as peer:
        process = peer.start(tmp_path, "run", strategy_in(tmp_path, WORKS), "--json")
        peer.wait_for_posts(2)
        run = run_of(process)
        for pid in {"the guard": [process.pid], "the run": [run], "both": [process.pid, run]}[to]:
            os.kill(pid, number)
        left, _, said = ended(process)
        entry, stop = peer.book.orders

    assert left == code, said
    assert "leaving at once" not in said
    assert (entry["status"], stop["status"]) == ("CANCELLED", "OPEN")


def test_O1_a_second_signal_leaves_all_as_it_is(tmp_path: Path) -> None:
    text = DIES.partition("    def on_candle")[0] + (
        "    def on_candle(self, candle):\n        if self.orders:\n"
        "            print('stuck', flush=True)\n            while True: pass\n"
        "        self.buy(quantity=1, limit=50)\n"
    )
    with gateway(two_candles) as peer:
        process = peer.start(tmp_path, "run", strategy_in(tmp_path, text), "--ui", "none")
        assert process.stderr is not None
        assert "stuck\n" in iter(process.stderr.readline, "")
        send_signal(process)
        time.sleep(0.5)
        send_signal(process)
        code, _, said = ended(process)
        (entry,) = peer.book.orders

    assert code == 143, said
    assert "leaving at once: orders and positions stay as they are" in said
    assert entry["status"] == "OPEN"


def test_a_run_whose_guard_is_gone_leaves_in_good_order(tmp_path: Path) -> None:
    with gateway(one_candle) as peer:
        process = peer.start(tmp_path, "run", strategy_in(tmp_path, WORKS), "--json")
        peer.wait_for_posts(2)
        process.kill()
        ended(process)  # its output ends when the run does
        entry, stop = peer.book.orders

    assert (entry["status"], stop["status"]) == ("CANCELLED", "OPEN")


def test_the_guard_is_small(tmp_path: Path) -> None:
    with gateway(one_candle) as peer:
        process = peer.start(tmp_path, "run", strategy_in(tmp_path, WORKS), "--json")
        peer.wait_for_posts(2)
        sizes = [_resident_of(pid) for pid in (process.pid, run_of(process))]
        send_signal(process)
        ended(process)

    assert sizes[0] < 16 * 2**20
    assert sizes[0] < sizes[1] / 2


def _resident_of(pid: int) -> int:
    said = Path(f"/proc/{pid}/status").read_text()
    return int(said.partition("VmRSS:")[2].split()[0]) * 1024


def test_a_dry_run_and_a_run_that_asks_for_none_have_no_guard(tmp_path: Path) -> None:
    for option in ("--dry-run", "--set=supervised=never"):
        with gateway(one_candle) as peer:
            arguments = ("run", strategy_in(tmp_path, WORKS), "--json", option)
            process = peer.start(tmp_path, *arguments)
            eventually(lambda peer=peer: peer.peer.acked == ["e0"])
            assert "guarding" not in Path(f"/proc/{process.pid}/cmdline").read_text()
            send_signal(process)
            assert ended(process)[0] == 143


def test_L7_a_run_that_was_stopped_for_a_while_is_not_blocked(tmp_path: Path) -> None:
    name = strategy_in(tmp_path, SLOW)
    process = subprocess.Popen(
        [sys.executable, "-m", "runner", "run", name, *GUARDED, "--max-events", "50"],
        cwd=tmp_path,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    process.stderr.readline()
    run = run_of(process)
    os.kill(run, signal.SIGSTOP)
    time.sleep(3.5)
    os.kill(run, signal.SIGCONT)
    _, said = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 0, said


def test_the_service_manager_hears_from_the_process_that_it_started(tmp_path: Path) -> None:
    name = strategy_in(tmp_path, SLOW)
    command = f"WATCHDOG_PID=$$ exec {sys.executable} -m runner run {name} {' '.join(GUARDED)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.settimeout(PATIENCE_S)
        manager.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        manager.bind(str(tmp_path / "notify"))
        with subprocess.Popen(
            ["/bin/sh", "-c", command],
            cwd=tmp_path,
            env=clean_environment()
            | {"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "1000000"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            told: set[str] = set()
            while not {"READY=1", "WATCHDOG=1"} <= told:
                data, extra, _, _ = manager.recvmsg(4096, socket.CMSG_SPACE(12))
                pid = struct.unpack("iii", extra[0][2])[0]
                assert pid == process.pid
                told |= set(data.decode().split("\n"))
            process.terminate()
            assert process.wait(PATIENCE_S) == 143


# Backtests


def test_a_guarded_backtest_gives_the_same_bytes_and_codes(tmp_path: Path) -> None:
    name = strategy_in(tmp_path, SLOW)
    documents = []
    for option in ("supervised=always", "supervised=never"):
        done = runner("run", name, "--json", "--max-events", "9", "--set", option, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        documents.append(json.loads(done.stdout))
        del documents[-1]["run"], documents[-1]["digest"]
    assert documents[0] == documents[1]

    raising = strategy_in(tmp_path, SLOW.replace("time.sleep(0.02)", "raise ValueError"), "r.py")
    assert runner("run", raising, *GUARDED, cwd=tmp_path).returncode == 5
    assert runner("run", "none.py", *GUARDED, cwd=tmp_path).returncode == 4


def test_O9_a_guarded_run_that_crashes_gives_the_terminal_back_and_says_why(
    tmp_path: Path,
) -> None:
    name = dies(tmp_path, "ctypes.string_at(0)", at=150)
    with terminal("run", name, "--speed", "100", *GUARDED, cwd=tmp_path) as seen:
        seen.wait_for("Equity")
        assert seen.finish() == 5

        seen.wait_for(lambda _: BACK in seen.raw and seen.is_as_before())
        seen.wait_for("error[E504]")


def test_O1_a_key_of_the_terminal_counts_once(tmp_path: Path) -> None:
    name = strategy_in(tmp_path, SLOW)
    with terminal("run", name, "--ui", "none", *GUARDED, cwd=tmp_path) as seen:
        seen.wait_for("begun")
        seen.press("\x03")
        assert seen.finish() == 130

        assert b"on_stop ran" in seen.raw
        assert b"leaving at once" not in seen.raw
