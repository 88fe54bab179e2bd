"""`runner verify`: strategies whose orders hang on something else than their events are found."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.test_cli import clean_environment

STRATEGY = """
import random
import time
from datetime import UTC, date, datetime
from pathlib import Path

from runner import Candle, Strategy

NAMES = {{f"name {{number}}" for number in range(40)}}


class Tried(Strategy):
    default_subscriptions = ("S:AAPL:candle",)
    seen = 0

    def on_candle(self, candle: Candle) -> None:
        self.seen += 1
        if self.seen == 20:
            self.buy(quantity=1 + {number})
        print("what it prints is no part of the outcome")
"""
BY_CHANCE = {
    "random numbers without a seed": "random.randrange(10**9)",
    "the order of a set": "int(next(iter(NAMES)).split()[1]) + 100 * len(NAMES)",
    "time.time": "int(time.time() / 86400)",
    "datetime.now": "datetime.now(UTC).year",
    "date.today": "date.today().toordinal()",
    "a file that outlives a run": (
        "len(list(Path().glob('left*'))) + (Path(f'left{time.time_ns()}').touch() or 0)"
    ),
}
BY_EVENTS = {
    "its own random numbers": "self.random.randrange(10**9)",
    "a set put in order, and dates that are given": (
        "int(sorted(NAMES)[0].split()[1]) + (self.now - datetime(1999, 1, 1, tzinfo=UTC)).days"
    ),
}


def verified(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "runner", "verify", *arguments],
        cwd=folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def tried(folder: Path, number: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "tried.py").write_text(STRATEGY.format(number=number))
    return verified(folder, "tried.py", "--to", "2000-03-31", *arguments)


@pytest.mark.parametrize("number", BY_CHANCE.values(), ids=BY_CHANCE)
def test_S14_what_decides_beside_the_events_is_found_and_placed(
    tmp_path: Path, number: str
) -> None:
    done = tried(tmp_path, number)

    assert done.returncode == 8
    assert done.stdout == ""
    first, *more = done.stderr.splitlines()
    assert first == (
        "error[E804]: Tried does not do the same twice, from event 20, 2000-03-29T00:00:00Z"
    )
    assert any("run 1: BUY " in line and "; run 2: BUY " in line for line in more)
    assert len(more) <= 5


@pytest.mark.parametrize("number", BY_EVENTS.values(), ids=BY_EVENTS)
def test_S14_what_hangs_on_its_events_alone_is_the_same(tmp_path: Path, number: str) -> None:
    done = tried(tmp_path, number)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Tried does the same 2 times: ")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["tried.py"]


def test_S14_the_document_has_both_orders(tmp_path: Path) -> None:
    done = tried(tmp_path, BY_CHANCE["time.time"], "--json", "--times", "3")

    document = json.loads(done.stdout)
    assert done.returncode == 8
    assert (document["schema"], document["same"]) == ("runner.verify/1", False)
    difference = document["difference"]
    assert (difference["run"], difference["event"], difference["exit_codes"]) == (2, 20, [0, 0])
    orders = [int(difference[side].split()[1]) for side in ("first", "other")]
    assert orders[1] - orders[0] in (410, 411)


def test_a_configuration_is_verified_with_what_the_line_adds(tmp_path: Path) -> None:
    (tmp_path / "tried.py").write_text(STRATEGY.format(number="self.seen"))
    (tmp_path / "run.yaml").write_text('strategy: tried.py\ndata: {to: "2000-03-31"}\n')

    done = verified(tmp_path, "-c", "run.yaml", "--set", "seed=3", "--json")

    document = json.loads(done.stdout)
    assert (done.returncode, document["same"], document["requests"]) == (0, True, 1)


@pytest.mark.parametrize(
    ("source", "code", "id"),
    [("def (:", 4, "E410"), (STRATEGY.format(number="1 / 0"), 5, "E501")],
    ids=["cannot be loaded", "raises"],
)
def test_a_first_run_that_fails_says_so_itself(
    tmp_path: Path, source: str, code: int, id: str
) -> None:
    (tmp_path / "tried.py").write_text(source)

    done = verified(tmp_path, "tried.py")

    assert done.returncode == code
    assert id in done.stderr
    assert "Traceback" not in done.stderr


CLOCK = """
import copy, datetime, time
before = datetime.datetime, datetime.date, time.time()
from runner.cli.elsewhen import shift_clock
shift_clock(86400.0 * 400)
from datetime import date, datetime as moment
now = moment.now()
assert 399 * 86400 < time.time() - before[2] < 401 * 86400
assert abs(now.timestamp() - time.time()) < 60
assert abs(moment.utcnow().replace(tzinfo=datetime.timezone.utc).timestamp() - time.time()) < 60
assert type(now) is before[0] and isinstance(now, moment) and isinstance(now, date)
assert not isinstance(date.today(), moment) and issubclass(moment, date)
assert copy.deepcopy(now) == now and moment(2020, 1, 2) - moment(2020, 1, 1)
assert moment.strptime("2020", "%Y") == moment.combine(date(2020, 1, 1), moment.min.time())
assert time.strftime("%Y") == str(now.year) and time.gmtime(0).tm_year == 1970
assert time.ctime(0) and time.asctime() and date.today() == now.date()

class Mine(moment):
    pass

assert type(Mine.now()) is Mine and isinstance(Mine(2020, 1, 1), moment)
assert not isinstance(now, Mine)
print("well")
"""


def test_the_other_clock_is_ahead_and_else_like_any() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", CLOCK],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stderr, done.stdout) == ("", "well\n")
