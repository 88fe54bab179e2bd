"""A server beside the work of its own process, in a thread with an event loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from runner.engine.server.serving import EngineServer

_SECONDS = 10.0
"""How long the thread may take to begin and to end."""


@contextmanager
def served(server: EngineServer) -> Iterator[None]:
    """Serve inside; listening when it begins, closed when it ends.

    Raises:
        ConfigError, MachineError: as `EngineServer.start` does.
        Exception: whatever failed inside the engine itself.
    """
    ready = threading.Event()
    failures: list[BaseException] = []
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        try:
            await server.start()
            ready.set()
            await server.wait()
        finally:
            await server.close()

    def main() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:  # noqa: BLE001 - raised again by whoever serves
            failures.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=main, name="engine", daemon=True)
    thread.start()
    ready.wait(_SECONDS)
    try:
        if not failures:
            yield
    finally:
        if thread.is_alive():
            loops[0].call_soon_threadsafe(server.stop, "interrupted")
        thread.join(_SECONDS)
    if failures:
        raise failures[0]
