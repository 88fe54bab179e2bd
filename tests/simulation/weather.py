"""What goes wrong between a program and its peer: drawn from a seed as a list, then carried out.

Each fault names its kind and at which of its occasions it strikes, counted over the whole run: the
n-th piece written in one direction, the n-th attempt to connect, the n-th request. Each seed takes
part of the kinds only, with rates of its own. Once `QUIET_AFTER_S` have passed, nothing goes wrong
any more: from then on the run has to come to an end.
"""

from __future__ import annotations

import errno
import random
from collections.abc import Callable

from tests.simulation.net import Net
from tests.simulation.pipes import END, RESET, Link, Pipe
from tests.simulation.scenario import Fault
from tests.simulation.tap import Tap
from tests.simulation.virtual_time import START_S

QUIET_AFTER_S = 60.0
OVER_WITHIN_S = 120.0
"""How long a run may still take once nothing goes wrong any more."""
LONGER_THAN_PATIENCE_S = 12.0
"""Longer than a connection or an answer is awaited."""
WS_PORT, REST_PORT = 8081, 8080

BEFORE, INSIDE, BEHIND, PIECES, LATE, HELD, DEAD = (
    "cut before", "cut inside", "cut behind", "in pieces", "late", "held up", "silence",
)  # fmt: skip
TWICE, NARROW, FULL = "twice", "a few bytes at a time", "full"
_BOTH = (BEFORE, INSIDE, BEHIND, PIECES, LATE, HELD, DEAD)
ON_DOWN = tuple(f"down {kind}" for kind in (*_BOTH, TWICE))
ON_UP = tuple(f"up {kind}" for kind in (*_BOTH, NARROW, FULL))
REFUSED, SWALLOWED, SLOW, BUSY = "refused", "swallowed", "slow", "answered 503"
ON_CONNECT = tuple(f"connection {kind}" for kind in (REFUSED, SWALLOWED, SLOW, BUSY))
LOST, MUTE, CUT_ANSWER, SPLIT, SWAPPED, TURNED_AWAY, LIMITED, DELAYED, SLOW_ANSWER = (
    "lost", "answer lost", "answer cut", "answer in pieces", "answered 502 behind",
    "answered 503 before", "answered 429 before", "arrives late", "answered late",
)  # fmt: skip
ON_REQUESTS = tuple(
    f"request {kind}"
    for kind in (
        LOST, MUTE, CUT_ANSWER, SPLIT, SWAPPED, TURNED_AWAY, LIMITED, DELAYED, SLOW_ANSWER,
        DEAD, REFUSED, SWALLOWED,
    )
)  # fmt: skip
STOP, RESTART, SHUTDOWN = "asked to stop", "the peer restarts", "the peer is shut down"
ON_MOMENTS = (STOP, RESTART, SHUTDOWN)
KILLED, KILLED_BEHIND = "killed before a request", "killed behind a request"
ON_LIVES = (KILLED, KILLED_BEHIND)

_OCCASIONS = (
    dict.fromkeys(ON_DOWN, 60)
    | dict.fromkeys(ON_UP, 60)
    | dict.fromkeys(ON_CONNECT, 12)
    | dict.fromkeys(ON_REQUESTS, 25)
    | dict.fromkeys(ON_MOMENTS, 60)
    | dict.fromkeys(ON_LIVES, 40)
)
_BACKTEST_ONLY = (RESTART, SHUTDOWN)
_RARE = {f"{where} {DEAD}" for where in ("down", "up", "request")} | {
    STOP, RESTART, SHUTDOWN, f"request {LOST}", f"request {REFUSED}", f"request {SWALLOWED}",
    f"request {TURNED_AWAY}", f"request {LIMITED}",
}  # fmt: skip
"""Faults that end most runs, or change them: fewer are drawn, so that runs get somewhere."""


def faults_of(seed: int, *, is_live: bool = False) -> tuple[Fault, ...]:
    """Return what goes wrong in the run of a seed."""
    chance = random.Random(f"weather {seed}")
    if chance.random() < 0.04:
        return ()
    drawn = set()
    for kind, occasions in _OCCASIONS.items():
        if kind in (_BACKTEST_ONLY if is_live else ON_LIVES):
            continue
        if chance.random() >= (0.04 if kind in _RARE else 0.25):
            continue
        most = 1 if kind in _RARE else chance.choice((1, 2, 6))
        for _ in range(chance.randint(1, most)):
            drawn.add(Fault(kind, chance.randint(1, occasions)))
    return tuple(sorted(drawn))


def _answer(status: int, reason: str, code: str, more: str = "") -> bytes:
    body = f'{{"code":"{code}","message":"from the way"}}'
    return (
        f"HTTP/1.1 {status} {reason}\r\nContent-Type: application/json\r\n{more}"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


_INSTEAD = {
    SWAPPED: _answer(502, "Bad Gateway", "BAD_GATEWAY"),
    TURNED_AWAY: _answer(503, "Service Unavailable", "PROVIDER_UNAVAILABLE"),
    LIMITED: _answer(429, "Too Many Requests", "RATE_LIMITED", "Retry-After: 1\r\n"),
    BUSY: _answer(503, "Service Unavailable", "SERVICE_UNAVAILABLE", "Connection: close\r\n"),
}
_METHODS = (b"GET ", b"POST", b"PUT ", b"DELE", b"PATC")


class Weather:
    """Carries out the faults of one run; everything else takes its time and arrives."""

    def __init__(self, net: Net, seed: int, faults: tuple[Fault, ...], tap: Tap) -> None:
        self.met: list[Fault] = []
        """What has come to pass."""
        self.on_moment: Callable[[str], None] = lambda kind: None
        """Called with a fault that is not one of the network."""
        self._net = net
        self._loop = net.loop
        self._tap = tap
        self._seed = seed
        self._faults = set(faults)
        self._counts: dict[str, int] = {}
        self._chance = random.Random(f"delays {seed}")
        self._delay_s = random.Random(f"distance {seed}").choice((0.0002, 0.002, 0.02, 0.1))
        self._narrow = 0
        self._full_until = 0.0
        self._is_last = False
        """Whether the process is killed once its request has left."""
        self._fates: dict[int, str] = {}
        """What happens to the request that a connection carries now."""
        net.weather = self

    def delay(self) -> float:
        """Return how long the next thing is on its way, seconds."""
        return self._delay_s * (0.5 + self._chance.random())

    def _struck(self, occasion: str, kinds: tuple[str, ...], count: int) -> list[str]:
        """Return which of the kinds strike now, without the word for the occasion."""
        if not self._faults or self._loop.now - START_S > QUIET_AFTER_S:
            return []
        struck = []
        for kind in kinds:
            fault = Fault(kind, count)
            if fault in self._faults:
                self._faults.discard(fault)
                self.met.append(fault)
                struck.append(kind.removeprefix(occasion + " "))
        return struck

    def _count(self, what: str) -> int:
        count = self._counts[what] = self._counts.get(what, 0) + 1
        return count

    def _chance_of(self, *about: object) -> random.Random:
        return random.Random(f"{self._seed} {about}")

    # Connections

    def connect(self, link: Link, accept: Callable[[], None]) -> None:
        if link.port == WS_PORT:
            struck = self._struck("connection", ON_CONNECT, self._count("connection"))
        else:
            kinds = (f"request {REFUSED}", f"request {SWALLOWED}")
            struck = self._struck("request", kinds, self._counts.get("request", 0) + 1)
        loop = self._loop
        if SWALLOWED in struck:
            return
        if REFUSED in struck:
            loop.call_later(self.delay(), link.socket.connected, errno.ECONNREFUSED)
            return
        if BUSY in struck:
            self._fates[link.number] = BUSY
            loop.call_later(self.delay(), link.socket.connected, 0)
            return
        loop.call_later(self.delay() + (3.0 if SLOW in struck else 0.0), accept)

    def room(self, link: Link, size: int) -> int:
        if link.port != WS_PORT:
            return size
        if self._loop.now < self._full_until:
            return 0
        return min(size, 5) if self._narrow else size

    # What passes

    def pass_up(self, link: Link, data: bytes) -> None:
        if link.port != WS_PORT:
            self._request(link, data)
            return
        if self._narrow:
            self._narrow -= 1
        self._tap.said(link, data)
        if self._fates.get(link.number) == BUSY:
            if data.endswith(b"\r\n\r\n"):
                link.down.put(_INSTEAD[BUSY], self.delay())
                link.down.put(END, self.delay())
            return
        count = self._count("up")
        struck = self._struck("up", ON_UP, count)
        if NARROW in struck:
            self._narrow = 30
        if FULL in struck:
            self._full_until = self._loop.now + 2.0
            self._loop.call_at(self._full_until, self._loop.wake)
        self._pass(link, link.up, data, struck, self._chance_of("up", count))

    def pass_down(self, link: Link, data: bytes) -> None:
        if link.port != WS_PORT:
            self._answered(link, data)
            return
        self._tap.written(link, data)
        count = self._count("down")
        for kind in self._struck("", ON_MOMENTS, count):
            self.on_moment(kind)
        struck = self._struck("down", ON_DOWN, count)
        # Frames come twice, not the words of HTTP before them, nor the end of all frames.
        if TWICE in struck and data[0] == 0x81:
            data += data
        self._pass(link, link.down, data, struck, self._chance_of("down", count))

    def _pass(
        self, link: Link, pipe: Pipe, data: bytes, struck: list[str], chance: random.Random
    ) -> None:
        put = pipe.put
        if DEAD in struck:
            link.kill()
        if HELD in struck:
            pipe.hold(chance.choice((1.0, 5.0, 20.0)))
        if LATE in struck:
            put(data, self.delay() + chance.choice((0.05, 0.5, 3.0)))
        elif BEFORE in struck:
            link.cut()
        elif INSIDE in struck:
            place = chance.randint(1, max(len(data) - 1, 1))
            self._then_cut(link, pipe, data[:place])
        elif BEHIND in struck:
            self._then_cut(link, pipe, data)
        elif PIECES in struck:
            size = chance.choice((1, 7, 100))
            for start in range(0, len(data), size):
                put(data[start : start + size], self.delay() / 10)
        else:
            put(data, self.delay())

    def _then_cut(self, link: Link, pipe: Pipe, data: bytes) -> None:
        # What is on the way is lost in the other direction; in this one it arrives, then the end.
        other = link.up if pipe is link.down else link.down
        other.break_off(self.delay())
        pipe.put(data, self.delay())
        pipe.put(RESET, self.delay())

    # Requests

    def _request(self, link: Link, data: bytes) -> None:
        if data[:4] in _METHODS:
            kinds = tuple(one for one in ON_REQUESTS if one not in _AT_CONNECT)
            count = self._count("request")
            lives = self._struck("", ON_LIVES, count)
            if KILLED in lives:
                self.on_moment(KILLED)
            self._is_last = KILLED_BEHIND in lives
            struck = self._struck("request", kinds, count)
            fate = self._fates[link.number] = struck[0] if struck else ""
            if fate in (TURNED_AWAY, LIMITED):
                link.down.put(_INSTEAD[fate], self.delay())
            elif fate == LOST:
                link.cut()
            elif fate == DEAD:
                link.kill()
            elif fate == DELAYED:
                link.up.hold(LONGER_THAN_PATIENCE_S + self.delay() * 100)
        fate = self._fates[link.number]
        if fate not in (LOST, TURNED_AWAY, LIMITED):
            self._tap.asked(link, data)
            link.up.put(data, self.delay())
        is_whole = data.startswith((b"GET", b"DELETE")) or not data.startswith(_METHODS)
        if self._is_last and is_whole:
            self._is_last = False
            self.on_moment(KILLED_BEHIND)

    def _answered(self, link: Link, data: bytes) -> None:
        fate = self._fates.get(link.number, "")
        if fate == "done":
            return
        chance = self._chance_of("answer", self._counts.get("request", 0))
        if fate in (MUTE, CUT_ANSWER, SWAPPED):
            self._fates[link.number] = "done"
        if fate == MUTE:
            link.cut()
        elif fate == CUT_ANSWER:
            self._then_cut(link, link.down, data[: chance.randint(1, max(len(data) - 1, 1))])
        elif fate == SWAPPED:
            link.down.put(_INSTEAD[SWAPPED], self.delay())
        elif fate == SPLIT:
            for start in range(0, len(data), 9):
                link.down.put(data[start : start + 9], self.delay() / 10)
        else:
            link.down.put(
                data, self.delay() + (LONGER_THAN_PATIENCE_S if fate == SLOW_ANSWER else 0.0)
            )

    def arrived_up(self, link: Link, data: bytes) -> None:
        if link.port == WS_PORT:
            self._tap.heard(link, data)

    def arrived_down(self, link: Link, data: bytes) -> None:
        if link.port == WS_PORT:
            self._tap.delivered(link, data)


_AT_CONNECT = (f"request {REFUSED}", f"request {SWALLOWED}")
