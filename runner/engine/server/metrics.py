"""Metrics in the text format that Prometheus reads.

Pure: numbers in, bytes out.
Source: Prometheus, text-based exposition format 0.0.4.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Metric:
    """One sample; samples of one name stand together, told apart by their labels."""

    name: str
    kind: Literal["gauge", "counter"]
    help: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


def exposition(metrics: Iterable[Metric]) -> bytes:
    """Return the samples as a page, each name introduced once."""
    lines: list[str] = []
    introduced = ""
    for one in metrics:
        if one.name != introduced:
            introduced = one.name
            lines += (f"# HELP {one.name} {one.help}", f"# TYPE {one.name} {one.kind}")
        labels = ",".join(f'{name}="{_escaped(text)}"' for name, text in one.labels.items())
        lines.append(f"{one.name}{{{labels}}} {one.value}" if labels else f"{one.name} {one.value}")
    return ("\n".join(lines) + "\n").encode()


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
