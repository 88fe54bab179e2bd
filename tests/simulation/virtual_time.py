"""An event loop whose time is a number: it jumps to the next timer when nothing is left to do.

A server runs on the loop as on any other. A program that blocks runs beside it, in the same thread
and on another stack: each of its waits is a call of `wait`, which has the loop run until what is
waited for is there. So exactly one of the two runs at a time, and the order of everything follows
from the seed.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

from greenlet import getcurrent, greenlet

T = TypeVar("T")

MOST_LOOKS = 20_000
"""Who looks at the clock so often within one and the same moment goes round in circles."""
START_S = 1000.0
"""What the clock shows at the beginning."""


class Stuck(BaseException):
    """Nothing will ever happen any more, or not in time. No `except Exception` may swallow it."""


class _Nothing(selectors.BaseSelector):
    # Looks after no file at all; to wait is to let time pass.

    def __init__(self, loop: SimLoop) -> None:
        self._loop = loop
        self._keys: dict[Any, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = selectors.SelectorKey(fileobj, 0, events, data)
        self._keys[fileobj] = key
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._keys.pop(fileobj)

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise Stuck("nothing is scheduled: everybody waits for somebody else")
        if timeout > 0:
            self._loop.now += timeout
        return []

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._keys


class SimLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time."""

    def __init__(self) -> None:
        self.now = START_S
        """The time, seconds."""
        self.limit = float("inf")
        """When everything has to be over."""
        self.limit_hint = ""
        """Said where it is not."""
        self.complaints: list[str] = []
        """What went wrong inside tasks and callbacks, and nobody took care of."""
        self._looked_at, self._looks = 0.0, 0
        self._is_waiting = False
        self._stack: greenlet | None = None
        super().__init__(_Nothing(self))
        self.set_exception_handler(self._complain)

    def time(self) -> float:
        return self.now

    def looked_at(self) -> float:
        """Return the time to a program that reads its clock.

        Raises:
            Stuck: it does so again and again, and no time passes.
        """
        if self.now > self._looked_at:
            self._looked_at, self._looks = self.now, 0
        self._looks += 1
        if self._looks > MOST_LOOKS:
            raise Stuck("it goes round in circles, and no time passes")
        return self.now

    def _complain(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        self.complaints.append(f"{context['message']}: {error!r}")

    def wake(self) -> None:
        """End the wait that is going on, if one is, to look again whether it is over."""
        if self._is_waiting:
            self.stop()

    def wait(self, is_over: Callable[[], bool], until: float | None) -> bool:
        """Let everything go on until something is so, or the time has come; tell which.

        Raises:
            Stuck: neither will ever be, or not within the limit.
        """
        while not is_over():
            if until is not None and self.now >= until:
                return False
            if self.now >= self.limit:
                raise Stuck(f"not over at {self.limit - START_S:g} s{self.limit_hint}")
            ending = self.limit if until is None else min(until, self.limit)
            timer = self.call_at(ending, self.wake) if ending < float("inf") else None
            self._is_waiting = True
            try:
                self._go_on()
            finally:
                self._is_waiting = False
                if timer is not None:
                    timer.cancel()
        return True

    def _go_on(self) -> None:
        # On a stack of its own, as in a process of its own: a task of the server must not find the
        # exception that the program is just handling.
        if self._stack is None or self._stack.dead:
            self._stack = greenlet(self._serve)
        self._stack.switch()

    def _serve(self) -> None:
        while True:
            self.run_forever()
            getcurrent().parent.switch()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Let everything go on until a coroutine has returned, and return what it did."""
        task = self.create_task(coroutine)
        task.add_done_callback(lambda _: self.wake())
        self.wait(task.done, None)
        return task.result()

    def sleep(self, seconds: float) -> None:
        """Let so much time pass."""
        self.wait(lambda: False, self.now + seconds)

    async def create_server(self, *args: Any, **options: Any) -> Any:
        """Have the listening socket hand each connection to the protocol that `args` makes."""
        return options["sock"].serve(args[0])
