"""How a person looks at the run: which pane is in focus, how far it is scrolled, what is held.

Pure: a key and a view give a view. What a key does to the run itself is not decided here.
"""

from __future__ import annotations

import msgspec

from runner.dashboard.panels import PANES

_FAR = 10
HALT = "K"
"""Pressed twice, it pulls the kill switch."""


class View(msgspec.Struct, frozen=True):
    """What is looked at."""

    focus: int | None = None
    """Place in `PANES` of the pane in focus; None before the first tab."""
    scroll: int = 0
    """Lines the pane in focus is scrolled away from where it rests."""
    has_help: bool = False
    is_held: bool = False
    """Whether the picture stands still while the run goes on."""
    is_armed: bool = False
    """Whether the same key once more halts trading; any other key takes that back."""


def disarmed(view: View) -> View:
    """Return the view after a key that does not halt anything."""
    return msgspec.structs.replace(view, is_armed=False) if view.is_armed else view


def looked(view: View, key: str) -> View:
    """Return the view after `key`; the same one when the key means nothing to it.

    A blank holds the picture: it only comes here from a run that cannot be held itself.
    """
    view = disarmed(view)
    if key == HALT:
        return msgspec.structs.replace(view, is_armed=True)
    if key == "?":
        return msgspec.structs.replace(view, has_help=not view.has_help)
    if key == "space":
        return msgspec.structs.replace(view, is_held=not view.is_held)
    if view.has_help and key in ("esc", "enter"):
        return msgspec.structs.replace(view, has_help=False)
    if key in ("tab", "backtab"):
        step = 1 if key == "tab" else -1
        start = -1 if step == 1 else 0
        at = ((start if view.focus is None else view.focus) + step) % len(PANES)
        return msgspec.structs.replace(view, focus=at, scroll=0)
    if key == "esc":
        return msgspec.structs.replace(view, focus=None, scroll=0)
    by = {"up": -1, "k": -1, "down": 1, "j": 1, "page up": -_FAR, "page down": _FAR}.get(key)
    if by is None:
        return view
    at = 0 if view.focus is None else view.focus
    # A log rests at its end, so there up means further away from it.
    moved = view.scroll + (-by if PANES[at].is_tail else by)
    return msgspec.structs.replace(view, focus=at, scroll=max(moved, 0))
