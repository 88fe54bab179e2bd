"""The engine on a wire: one backtest after another, for strategies that connect over a socket.

Two ports, as a Backtest Engine has them: one accepts WebSocket upgrades, the other answers REST.
`replay` decides what is sent when and knows no socket; `dialect` how it is written, `speed` how
fast; `stream` is one socket, `run` all that are connected to one run, `sessions` who may connect
to which; `rest` answers requests out of the very same exchange; `security` says who may come in;
`serving` ties them together. Trading logic never stands here: all is asked of the `Exchange`.

May import the engine, the protocol and the errors. Importing this package loads aiohttp, so the
command line does it inside its functions.
"""

from __future__ import annotations

from runner.engine.server.dialect import DIALECTS
from runner.engine.server.faults import Faults
from runner.engine.server.rules import SessionRules
from runner.engine.server.security import Guard
from runner.engine.server.serving import Ended, EngineServer, serve_until_done

__all__ = [
    "DIALECTS",
    "Ended",
    "EngineServer",
    "Faults",
    "Guard",
    "SessionRules",
    "serve_until_done",
]
