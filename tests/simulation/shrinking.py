"""Delta debugging: the same failure with as few items as it takes.

Source: Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing Input (2002).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def smallest(items: list[T], fails: Callable[[list[T]], bool]) -> list[T]:
    """Return part of `items` that still fails, none of which can be spared by itself.

    `fails` is asked about lists in the given order, and holds for `items`.
    """
    if fails([]):
        return []
    parts = 2
    while len(items) >= 2:
        size = -(-len(items) // parts)
        for start in range(0, len(items), size):
            rest = items[:start] + items[start + size :]
            if rest and fails(rest):
                items, parts = rest, max(parts - 1, 2)
                break
        else:
            if size == 1:
                break
            parts = min(parts * 2, len(items))
    return items
