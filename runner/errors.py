"""The errors a user can meet: each has an id, an exit code, and says what, where, why and the fix.

RunnerError                     1    internal, ours
+-- UsageError                  2    the command line was wrong
+-- ConfigError                 3    configuration or environment invalid
|   +-- DataError               3    a data file is invalid
+-- StrategyLoadError           4    the strategy cannot be loaded
+-- StrategyFailed              5    the strategy raised, or blocked past its limit
+-- ConnectError                6    cannot connect, refused, or lost for good
+-- ProtocolError               7    protocol violated, or a backtest that broke off
+-- GateFailed                  8    a gate failed
+-- RiskHalt                    9    trading was halted; a person must look
+-- MachineError               10    the machine refused: disk full, port in use

This module imports nothing of the project. A rejected order is data, never an error.
"""

from __future__ import annotations


class RunnerError(Exception):
    """Say what went wrong, where, why, and what to do about it."""

    exit_code: int = 1
    default_id: str = "E100"

    def __init__(
        self, what: str, *, where: str = "", why: str = "", fix: str = "", id: str = ""
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.why = why
        self.fix = fix
        self.id = id or self.default_id

    def lines(self) -> list[str]:
        """Return the error as at most six lines of text, the id first.

        What a file or a peer has put into it may hold anything; no line of it can move a cursor,
        change a colour or begin another line.
        """
        parts = [f"error[{self.id}]: {self.what}"]
        for label, text in (("where", self.where), ("why", self.why), ("fix", self.fix)):
            if text:
                parts.append(f"  {label}: {text}")
        return [part if part.isprintable() else _plain(part) for part in parts]

    def __str__(self) -> str:
        return "\n".join(self.lines())


def _plain(text: str) -> str:
    blank = text.replace("\r\n", " ").replace("\n", " ").replace("\t", " ")
    return "".join(one if one.isprintable() else "?" for one in blank)


class UsageError(RunnerError):
    """The command line was wrong."""

    exit_code = 2
    default_id = "E200"


class ConfigError(RunnerError):
    """The configuration or the environment is invalid."""

    exit_code = 3
    default_id = "E300"


class DataError(ConfigError):
    """A data file is missing or invalid."""

    default_id = "E350"


class StrategyLoadError(RunnerError):
    """The strategy cannot be loaded."""

    exit_code = 4
    default_id = "E400"


class StrategyFailed(RunnerError):
    """The strategy's own code raised, or blocked past its limit."""

    exit_code = 5
    default_id = "E500"


class ConnectError(RunnerError):
    """The peer cannot be reached, refused us, or was lost for good."""

    exit_code = 6
    default_id = "E600"


class ProtocolError(RunnerError):
    """The peer broke the protocol, or a backtest broke off before its end."""

    exit_code = 7
    default_id = "E700"


class GateFailed(RunnerError):
    """The run finished, but something that was required of it did not happen."""

    exit_code = 8
    default_id = "E800"


class RiskHalt(RunnerError):
    """Trading was halted; a person must look before it goes on."""

    exit_code = 9
    default_id = "E900"


class MachineError(RunnerError):
    """The machine refused: disk full, directory locked, port in use."""

    exit_code = 10
    default_id = "E1000"
