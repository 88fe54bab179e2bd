"""Whether a run goes on: as long as its process lives, and not a moment longer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from runner.records.holding import LOCK, Hold, holder_of

HOLD = """
import subprocess, sys, time
from pathlib import Path
from runner.records.holding import Hold
hold = Hold(Path(sys.argv[1]))
child = 0
if len(sys.argv) > 2:
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    child = subprocess.Popen(sleep, pass_fds=[hold._descriptor]).pid
print(child, flush=True)
time.sleep(60)
"""


def test_this_process_holds_until_it_lets_go(tmp_path: Path) -> None:
    assert holder_of(tmp_path) is None

    hold = Hold(tmp_path)
    assert holder_of(tmp_path) == os.getpid()

    hold.release()
    hold.release()
    assert holder_of(tmp_path) is None


@pytest.mark.parametrize("child", [(), ("child",)], ids=["alone", "a-child-inherits"])
def test_C15_what_a_killed_process_held_is_free_at_once(
    tmp_path: Path, child: tuple[str, ...]
) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path), *child]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        inherits = int(process.stdout.readline())
        assert holder_of(tmp_path) == process.pid

        process.send_signal(signal.SIGKILL)
        process.wait()

        try:
            assert holder_of(tmp_path) is None
        finally:
            if inherits:
                os.kill(inherits, signal.SIGKILL)


def test_several_who_look_at_once_do_not_take_each_other_for_the_run(tmp_path: Path) -> None:
    Hold(tmp_path).release()
    descriptor = os.open(tmp_path / LOCK, os.O_RDONLY)
    import fcntl

    fcntl.flock(descriptor, fcntl.LOCK_SH)
    try:
        assert holder_of(tmp_path) is None
    finally:
        os.close(descriptor)


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel when a process began")
def test_a_pid_that_is_used_again_is_not_the_run(tmp_path: Path) -> None:
    hold = Hold(tmp_path)
    (tmp_path / LOCK).write_text(f"{os.getpid()} 12\n")

    assert holder_of(tmp_path) is None
    hold.release()


def test_a_lock_without_a_pid_is_held_by_somebody_unknown(tmp_path: Path) -> None:
    hold = Hold(tmp_path)
    (tmp_path / LOCK).write_text("")

    assert holder_of(tmp_path) == 0
    hold.release()
