"""The real program against a scripted gateway: killed, started again, told to end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from runner.errors import MachineError
from tests.integration.one_port import one_port
from tests.integration.peer import Client, Handler, Peer, running

STARTS_S = 60.0
"""How long a process may take to start on a machine that is busy."""

STRATEGY = """
from runner import Strategy


class Once(Strategy):
    def on_start(self):
        print("START", self.state, [one.status.value for one in self.orders])

    def on_candle(self, candle):
        if "bought" not in self.state:
            self.state["bought"] = True
            self.buy(quantity=1, reason="first of all")

    def on_order(self, order):
        print("ORDER", order.status, order.filled_quantity, order.reason)

    def on_error(self, error):
        print("ERROR", error.code)
"""


def start(folder: Path, url: str, *options: str) -> subprocess.Popen[str]:
    """Start a live run in `folder`."""
    (folder / "once.py").write_text(STRATEGY)
    command = [sys.executable, "-m", "runner", "run", "once.py", "--ui", "none", *options]
    return subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "GATEWAY_URL": url, "SUBSCRIPTIONS": "S:AAPL:candle"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for the end and return the exit code and what was said on stderr."""
    _, said = process.communicate(timeout=STARTS_S)
    return process.returncode, said


def run_of(process: subprocess.Popen[str]) -> int:
    """Return the process of the run, which the one that was started guards."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return int(children[0])


def gone(pid: int) -> None:
    """Return when a process that was killed does nothing any more."""
    with suppress(OSError):
        while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
            time.sleep(0.002)


def one_candle_and_wait(client: Client) -> None:
    client.candles(0)
    client.wait_until_closed(STARTS_S)


def another_and_end(client: Client) -> None:
    client.candles(1)
    client.ack()
    client.complete()
    client.ack()


@pytest.mark.parametrize("filled", ["0", "1"], ids=["it works still", "it has filled meanwhile"])
def test_O3_a_run_killed_while_it_sends_an_order_goes_on_without_sending_it_again(
    tmp_path: Path, filled: str
) -> None:
    with running(one_candle_and_wait, another_and_end) as peer, one_port(peer) as url:
        process = start(tmp_path, url, "--set", "on_death=leave")

        def place_and_kill(handler: Handler) -> bool:
            order = peer.book.place(handler.sent)
            run = run_of(process)
            os.kill(run, signal.SIGKILL)
            gone(run)
            if filled == "1":
                order.update(status="FILLED", filled_quantity="1", average_fill_price="100")
                peer.book.hold("S:AAPL", "1")
            return True

        peer.book.faults["POST"] = [place_and_kill]
        finish(process)
        assert process.returncode == MachineError.exit_code

        code, said = finish(start(tmp_path, url))

    assert code == 0, said
    assert len(peer.book.posts) == len(peer.book.orders) == 1
    assert "START {'bought': True} " in said
    status = "FILLED" if filled == "1" else "OPEN"
    assert f"ORDER {status} {filled} first of all" in said


def test_R14_an_order_in_doubt_at_the_end_exits_with_9_and_names_it(tmp_path: Path) -> None:
    with running(one_candle_and_wait) as peer, one_port(peer) as url:
        process = start(tmp_path, url)

        def hang_up(handler: Handler) -> bool:
            process.send_signal(signal.SIGTERM)
            handler.hang_up()
            return True

        peer.book.faults["POST"] = [hang_up]
        code, said = finish(process)

    assert code == 9, said
    name = peer.book.posts[0]["client_order_id"]
    assert f"error[E932]: nobody knows what became of one order: {name}" in said


def test_C15_a_second_run_of_the_same_strategy_exits_with_10(tmp_path: Path) -> None:
    with running(one_candle_and_wait) as peer, one_port(peer) as url:
        first = start(tmp_path, url)
        wait_for_order(peer)

        code, said = finish(start(tmp_path, url))

        holder = run_of(first)
        first.terminate()
        finish(first)
    assert code == 10
    assert f"(process {holder})" in said


def wait_for_order(peer: Peer) -> None:
    while not peer.book.clients:
        assert not peer.done.wait(0.01)
    peer.book.clients[0].wait_for(lambda: bool(peer.book.orders), STARTS_S)


def test_a_live_run_leaves_its_files_in_its_own_folder_for_the_owner_alone(tmp_path: Path) -> None:
    with running(another_and_end) as peer, one_port(peer) as url:
        code, said = finish(start(tmp_path, url, "--set", "gateway.directory=kept"))

    assert code == 0, said
    (folder,) = (tmp_path / "kept").iterdir()
    assert folder.name.startswith("Once@127.0.0.1_")
    assert sorted(one.name for one in folder.iterdir()) == ["holder", "journal.jsonl", "state.json"]
    assert all(one.stat().st_mode & 0o077 == 0 for one in (folder, *folder.iterdir()))
