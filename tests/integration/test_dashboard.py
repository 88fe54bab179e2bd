"""The dashboard of the real program, in real terminals of all sizes, kinds and fates."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integration.gateway import eventually
from tests.integration.terminal import BACK, OTHER_SCREEN, terminal
from tests.integration.test_cli import ROOT, SMA, clean_environment

PACED = ("run", SMA, "--speed", "300")

STORM = [(0, 0), (1, 1), (200, 50), (79, 24), (3, 60), (60, 20), (0, 10), (119, 39)]

PRINTS = """
import logging
from runner import Strategy

class Prints(Strategy):
    default_subscriptions = ("S:AAPL:candle",)

    def on_candle(self, candle):
        if candle.close > 0:
            print("a printed line \\x1b]52;c;ZXZpbA==\\x07", candle.close)
            logging.getLogger("mine").info("an info line")
"""

DIES = """
import os, signal
from runner import Strategy

class Dies(Strategy):
    default_subscriptions = ("S:AAPL:candle",)
    seen = 0

    def on_candle(self, candle):
        self.seen += 1
        if self.seen == 300:
            os.kill(os.getpid(), signal.{signal})
"""


@pytest.mark.parametrize(
    ("size", "shown", "hidden"),
    [
        ((200, 50), ["Equity", "Connection", "q quit"], []),
        ((120, 40), ["Equity", "Positions", "Orders", "Strategy", "Log", "Connection"], []),
        ((80, 24), ["Equity", "Positions", "Orders", "Strategy"], ["Connection"]),
        ((60, 20), ["Equity", "Positions"], ["Orders"]),
        ((40, 10), ["%"], ["Equity"]),
    ],
    ids=lambda value: "x".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_a_run_at_a_size_quit_by_key(
    size: tuple[int, int], shown: list[str], hidden: list[str]
) -> None:
    with terminal(*PACED, size=size) as seen:
        seen.wait_for("/s")
        lines = seen.wait_for(lambda lines: any("20" in line for line in lines))
        text = "\n".join(lines)
        assert all(one in text for one in shown), text
        assert not any(f"─ {one}" in text for one in hidden), text

        seen.press("q")
        code = seen.finish()

        assert code == 130
        assert seen.raw.count(OTHER_SCREEN) == seen.raw.count(BACK) == 1
        assert "Final equity" in seen.raw.rpartition(BACK)[2].decode()
        assert seen.is_as_before()


def test_O8_a_run_that_is_resized_all_the_time_is_drawn_well_in_the_end() -> None:
    with terminal(*PACED) as seen:
        seen.wait_for("Equity")
        for size in STORM * 5:
            seen.set_size(*size)
            seen.read(0.01)
        seen.set_size(0, 0)
        seen.read(0.3)
        seen.set_size(120, 40)

        lines = seen.wait_for(lambda lines: "Connection" in lines[28])

        assert all(len(line) <= 120 for line in lines)
        assert lines[-1].startswith("q quit")
        seen.press("q")
        assert seen.finish() == 130
        assert seen.is_as_before()


def test_keys_pause_step_and_go_on() -> None:
    def done(lines: list[str]) -> str:
        return next(line.split(" of ")[0].split()[-1] for line in lines if " of 3,270" in line)

    with terminal(*PACED) as seen:
        seen.wait_for("Equity")
        seen.press(" ")
        at = done(seen.wait_for("paused"))
        at = done(seen.wait_for(lambda lines: "paused 0." in lines[0] or "paused 1" in lines[0]))
        seen.press("s")
        after = done(seen.wait_for(lambda lines: done(lines) != at))
        assert int(after.replace(",", "")) == int(at.replace(",", "")) + 1
        seen.press("+")
        seen.wait_for("at 600/s")
        seen.press("--")
        seen.wait_for("at 150/s")
        seen.press("?")
        seen.wait_for("this help")
        seen.press("?\t\t\t\t\t")
        seen.wait_for("> Log <")
        seen.press("l")
        seen.wait_for("log level error")
        seen.press(" ")
        seen.wait_for("running")
        seen.press("q")
        assert seen.finish() == 130


def test_a_run_that_is_soon_over_never_changes_the_screen() -> None:
    with terminal("run", SMA) as seen:
        assert seen.finish() == 0

        assert OTHER_SCREEN not in seen.raw
        assert b"Final equity" in seen.raw


def test_O11_what_is_printed_and_logged_is_shown_and_comes_out_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "prints.py").write_text(PRINTS)
    with terminal("run", "prints.py", "--speed", "200", "-v", cwd=tmp_path, size=(120, 40)) as seen:
        lines = seen.wait_for("INFO: an info line")
        assert any("a printed line " in line for line in lines)

        drawn = seen.raw.partition(OTHER_SCREEN)[2]
        seen.press("q")
        assert seen.finish() == 130

    assert b"\x1b]52" not in drawn
    assert b"a printed line" in seen.raw.rpartition(BACK)[2]


@pytest.mark.parametrize("how", ["TERM=dumb", "no size", "CI", "piped"])
def test_O8_where_nothing_can_be_drawn_there_are_lines(how: str) -> None:
    arguments = ("run", SMA, "--speed", "2000")
    if how == "piped":
        done = subprocess.run(
            [sys.executable, "-m", "runner", *arguments, "--ui", "live"],
            cwd=ROOT,
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )
        code, written = done.returncode, done.stdout + done.stderr
    else:
        environ = {"TERM=dumb": {"TERM": "dumb"}, "CI": {"CI": "true"}}.get(how, {})
        size = (0, 0) if how == "no size" else (80, 24)
        with terminal(*arguments, size=size, **environ) as seen:
            code, written = seen.finish(), seen.raw

    assert code == 0
    assert OTHER_SCREEN not in written
    assert b"Final equity" in written


def test_O8_in_the_C_locale_and_without_colour_the_screen_is_ascii() -> None:
    with terminal(*PACED, LC_ALL="C", NO_COLOR="1") as seen:
        seen.wait_for("+- Equity")
        seen.press("q")
        assert seen.finish() == 130

    drawn = seen.raw.partition(OTHER_SCREEN)[2].partition(BACK)[0]
    assert drawn.isascii()
    assert b"\x1b[36m" not in drawn


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_gives_the_terminal_back(name: str) -> None:
    with terminal(*PACED) as seen:
        seen.wait_for("Equity")
        os.kill(seen.pid, getattr(signal, name))
        code = seen.finish()

        assert code == {"SIGTERM": 143, "SIGINT": 130}[name]
        assert seen.raw.count(BACK) == 1
        assert b"Final equity" in seen.raw.rpartition(BACK)[2]
        assert seen.is_as_before()


@pytest.mark.parametrize("name", ["SIGKILL", "SIGSEGV"])
def test_O9_a_run_that_dies_outright_gives_the_terminal_back(tmp_path: Path, name: str) -> None:
    (tmp_path / "dies.py").write_text(DIES.replace("{signal}", name))
    with terminal("run", "dies.py", "--speed", "200", cwd=tmp_path) as seen:
        seen.wait_for("Equity")
        assert seen.finish() == -getattr(signal, name)

        seen.wait_for(lambda _: BACK in seen.raw and seen.is_as_before())
        assert b"\x1b[?25h" in seen.raw.rpartition(b"\x1b[?25l")[2]


def test_a_strategy_that_fails_is_explained_on_the_normal_screen(tmp_path: Path) -> None:
    (tmp_path / "dies.py").write_text(
        DIES.replace("os.kill(os.getpid(), signal.{signal})", "raise ValueError('mine')")
    )
    with terminal("run", "dies.py", "--speed", "200", cwd=tmp_path) as seen:
        seen.wait_for("Equity")
        assert seen.finish() == 5

        said = seen.raw.rpartition(BACK)[2].decode()
        assert "error[E501]: on_candle raised ValueError: mine" in said
        assert seen.is_as_before()


def test_O4_a_terminal_that_is_closed_ends_the_run_as_SIGTERM_does(tmp_path: Path) -> None:
    (tmp_path / "notes.py").write_text(
        "from runner import Strategy\n\n\nclass Notes(Strategy):\n"
        "    default_subscriptions = ('S:AAPL:candle',)\n\n"
        "    def on_stop(self):\n        open('stopped', 'w').close()\n"
    )
    with terminal("run", "notes.py", "--speed", "200", cwd=tmp_path) as seen:
        seen.wait_for("Equity")
        seen.hang_up()

        assert seen.finish() == 143
    assert (tmp_path / "stopped").exists()


def test_O4_a_closed_terminal_is_told_of_twice_and_counts_once(tmp_path: Path) -> None:
    (tmp_path / "notes.py").write_text(
        "import time\nfrom runner import Strategy\n\n\nclass Notes(Strategy):\n"
        "    default_subscriptions = ('S:AAPL:candle',)\n\n"
        "    def on_stop(self):\n        open('stopping', 'w').close()\n"
        "        time.sleep(0.5)\n        open('stopped', 'w').close()\n"
    )
    with terminal("run", "notes.py", "--speed", "200", cwd=tmp_path) as seen:
        seen.wait_for("Equity")
        seen.hang_up()
        eventually((tmp_path / "stopping").exists)
        os.kill(seen.pid, signal.SIGHUP)

        assert seen.finish() == 143
    assert (tmp_path / "stopped").exists()


def test_O7_a_reader_that_goes_away_ends_neither_the_run_nor_its_prints(tmp_path: Path) -> None:
    (tmp_path / "prints.py").write_text(PRINTS)
    command = [sys.executable, "-m", "runner", "run", "prints.py", "--json"]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stderr.close()
        written = running.stdout.read()

        assert running.wait(60) == 0
    assert b'"final_equity"' in written


FLOOD = """
from runner import Strategy

class Flood(Strategy):
    default_subscriptions = ("S:AAPL:candle",)

    def on_candle(self, candle):
        print("x" * 200, candle.close)

    def on_stop(self):
        print("the last line")
        open("stopped", "w").close()
"""


def test_O10_a_terminal_that_takes_nothing_holds_up_neither_the_run_nor_its_result(
    tmp_path: Path,
) -> None:
    (tmp_path / "flood.py").write_text(FLOOD)
    out = tmp_path / "result.json"
    with terminal(
        "run", "flood.py", "--speed", "1500", "--json", cwd=tmp_path, size=(200, 60), out=out
    ) as seen:
        seen.wait_for("Equity")

        assert seen.finish_unread() == 0

        assert json.loads(out.read_text())["ending"]["why"] == "complete"
        seen.wait_for(lambda _: BACK in seen.raw and seen.is_as_before())


def test_O10_what_a_stopped_terminal_missed_is_put_in_order_when_it_reads_again(
    tmp_path: Path,
) -> None:
    (tmp_path / "flood.py").write_text(FLOOD)
    with terminal("run", "flood.py", "--speed", "1500", cwd=tmp_path, size=(200, 60)) as seen:
        seen.wait_for("Equity")
        eventually((tmp_path / "stopped").exists)

        assert seen.finish() == 0

        normal = seen.raw.rpartition(BACK)[2].decode()
        assert "Final equity" in normal
        assert "the last line" in normal
        assert seen.is_as_before()


def test_O10_a_terminal_that_is_read_once_a_second_misses_frames_and_no_event() -> None:
    with terminal("run", SMA, "--speed", "1500", size=(200, 60)) as seen:
        seen.wait_for("Equity")
        while not seen.is_over():
            time.sleep(1)
            seen.read(0)
        assert seen.finish() == 0

        assert "Final equity" in seen.raw.rpartition(BACK)[2].decode()
