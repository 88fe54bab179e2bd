"""How fast simulated time may pass. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass

_SLOWEST, _FASTEST, _WATCHABLE = 0.25, 16_384.0, 64.0


@dataclass(frozen=True, slots=True)
class Speed:
    """Time steps a second, or a multiple of real time; neither is `max`."""

    per_second: float | None = None
    multiple: float | None = None

    @classmethod
    def of(cls, text: str) -> Speed:
        """Return the speed that its text, `max`, `realtime`, `20x` or `20/s`, stands for."""
        if text == "max":
            return cls()
        if text == "realtime":
            return cls(multiple=1.0)
        if text.endswith("x"):
            return cls(multiple=float(text[:-1]))
        return cls(per_second=float(text.removesuffix("/s")))

    @property
    def is_max(self) -> bool:
        return self.per_second is None and self.multiple is None

    def __str__(self) -> str:
        if self.multiple is not None:
            return "realtime" if self.multiple == 1 else f"{self.multiple:g}x"
        return "max" if self.per_second is None else f"{self.per_second:g}/s"

    def faster(self) -> Speed:
        """Return twice this speed; beyond what can be watched, `max`."""
        if self.multiple is not None:
            return Speed(multiple=self.multiple * 2)
        if self.per_second is None or self.per_second >= _FASTEST:
            return Speed()
        return Speed(per_second=self.per_second * 2)

    def slower(self) -> Speed:
        """Return half this speed; below `max` one that can be watched."""
        if self.multiple is not None:
            return Speed(multiple=self.multiple / 2)
        if self.per_second is None:
            return Speed(per_second=_WATCHABLE)
        return Speed(per_second=max(self.per_second / 2, _SLOWEST))
