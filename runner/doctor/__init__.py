"""What could keep a run from working here, looked at one by one: each is ok, warns, or fails.

May import everything up to the configuration, and never a strategy's code. Nothing is changed, no
backtest is begun and no key is sent.
"""

from __future__ import annotations

from runner.doctor.examination import examine
from runner.doctor.finding import Finding, Status

__all__ = ["Finding", "Status", "examine"]
