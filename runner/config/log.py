"""The keys of `log`: how much is said on stderr, and in which form."""

from __future__ import annotations

from typing import Annotated, Literal

from runner.config import fields
from runner.config.section import Section

FORMATS = ("text", "json")
LEVELS = ("debug", "info", "warning", "error")


class LogConfig(Section):
    """What is said on stderr."""

    format: Annotated[Literal["text", "json"], fields.choice(FORMATS)] = "text"
    """The form of all that goes to stderr; json is one object a line, for programs."""
    level: Annotated[Literal["debug", "info", "warning", "error"], fields.choice(LEVELS)] = (
        "warning"
    )
    """The least that is logged."""
