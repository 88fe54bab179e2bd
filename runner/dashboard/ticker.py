"""A thread that does one thing now and then while a run goes on, and once more when it is over.

Standard library only. Whatever goes wrong in it ends it, and never the run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

_JOIN_S = 2.0


class Ticker:
    """Calls `tick` for as long as the `with` block lasts."""

    def __init__(
        self,
        tick: Callable[[], None],
        close: Callable[[BaseException | None], None],
        failed: Callable[[], None] = lambda: None,
        *,
        quiet: float,
        every: float,
        is_complete: bool = False,
    ) -> None:
        """Prepare.

        Args:
            tick: called every so often, on a thread of its own.
            close: called at the end on the same thread, with what ended the block, if something
                did; not called when nothing was said yet, unless `is_complete`.
            failed: called when one of them raised, after which there are no more.
            quiet: seconds before the first call.
            every: seconds between two.
            is_complete: whether a block that is over before the first call is told of, too.
        """
        self._tick = tick
        self._close = close
        self._failed = failed
        self._quiet = quiet
        self._every = every
        self._is_complete = is_complete
        self._error: BaseException | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="progress", daemon=True)

    def __enter__(self) -> Ticker:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._error = error
        self._over.set()
        self._thread.join(_JOIN_S)  # a reader that does not read must not hold up the result

    def _watch(self) -> None:
        try:
            is_over = self._over.wait(self._quiet)
            if is_over and not self._is_complete:
                return
            while not is_over:
                with suppress(RuntimeError):  # the run changed under the look; the next one sees it
                    self._tick()
                is_over = self._over.wait(self._every)
            self._close(self._error)
        except Exception:  # noqa: BLE001 - whatever is wrong with a stream, the run goes on
            self._failed()
