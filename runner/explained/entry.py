"""One entry: what an error id means and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """What an error id means and what to do about it."""

    id: str
    title: str
    """A few words, as in a table of contents."""
    means: str
    """One to three sentences: what has happened, and what has not."""
    causes: tuple[str, ...]
    """The usual ones, the most frequent first."""
    fixes: tuple[str, ...]
    """In the order in which to try them."""
    example: str
    """What provokes it: a command, or a line of a file or a strategy."""

    @property
    def exit_code(self) -> int:
        """The exit code: the id without its last two digits."""
        return int(self.id[1:-2])
