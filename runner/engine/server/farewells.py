"""How runs end, and what the connections to them are closed with."""

from __future__ import annotations

from typing import Literal

Outcome = Literal["complete", "broken", "halted", "failed"]
"""How a run ended: as it should; its strategy left; it did not acknowledge; the engine failed."""
Farewell = tuple[int, str]
"""A close code and its reason; without effect where the client has closed already."""

FAREWELLS: dict[Outcome, Farewell] = {
    "complete": (1000, "backtest complete"),
    "broken": (1001, "the run broke off"),
    "halted": (1008, "acknowledgments did not come in time"),
    "failed": (1011, "the engine failed"),
}
COME_BACK: Farewell = (1001, "the strategy has come back on another connection")
DIVERGED: Farewell = (1008, "the strategy did not do again what it had done")
LAGGING: Farewell = (1013, "the observer does not keep up")
STOPPING: Farewell = (1001, "engine shutting down")
