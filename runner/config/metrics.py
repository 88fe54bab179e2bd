"""The keys of `metrics`: what a run tells programs that watch it, and where."""

from __future__ import annotations

from typing import Annotated

from pydantic import SecretStr, model_validator

from runner.config import fields
from runner.config.section import Section
from runner.config.units import UnfitError
from runner.protocol.urls import is_loopback, parse_place


class MetricsConfig(Section):
    """Metrics and health of a run, over HTTP."""

    listen: Annotated[str | None, fields.place()] = None
    """Where to serve /metrics, /healthz and /readyz, such as 127.0.0.1:9108; unset: nowhere."""
    token: Annotated[SecretStr | None, fields.secret()] = None
    """Token that /metrics asks for; needed where others than this machine can reach it."""
    stalled_after: Annotated[float, fields.duration(1.0, 86_400.0)] = 60.0
    """Time in one handler, or without progress, after which a run no longer counts as healthy."""

    @model_validator(mode="after")
    def _others_need_a_token(self) -> MetricsConfig:
        if self.listen is None or self.token is not None:
            return self
        if not is_loopback(parse_place(self.listen)[0]):
            what = f"can be reached by others, was {self.listen}, and metrics.token is not set"
            hint = "set RUNNER_METRICS__TOKEN, or listen on 127.0.0.1"
            raise UnfitError(what, hint, ("listen",))
        return self
