"""The figures as Prometheus reads them, collected at the moment of a scrape.

`prometheus-client` is an extra: it is imported when metrics are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from runner.errors import ConfigError
from runner.metrics.figures import FIGURES, Figure, Total
from runner.metrics.reading import Reader

if TYPE_CHECKING:
    from prometheus_client.core import Metric

Scrape = Callable[[str], tuple[bytes, str]]
"""Takes the `Accept` header of a request; returns the page and its type."""


def scrape_of(reader: Reader, facts: Mapping[str, str]) -> Scrape:
    """Return what answers a scrape: the figures of a run, and of the process.

    Args:
        reader: looks at the run.
        facts: what holds for the whole run, as labels of `runner_info`.

    Raises:
        ConfigError: E333; `prometheus-client` is not installed.
    """
    try:
        from prometheus_client import CollectorRegistry, ProcessCollector
        from prometheus_client.exposition import choose_encoder
        from prometheus_client.registry import Collector
    except ImportError:
        raise ConfigError(
            "metrics need a library that is not installed",
            where="metrics.listen",
            fix="pip install 'strategy-runner[metrics]', or leave --metrics out",
            id="E333",
        ) from None

    class OfTheRun(Collector):
        def collect(self) -> Iterator[Metric]:
            return _families(reader, facts)

        def describe(self) -> Iterator[Metric]:
            return iter(())  # registering must not look at a run that has not begun

    registry = CollectorRegistry()
    registry.register(OfTheRun())
    ProcessCollector(registry=registry)

    def scrape(accept: str) -> tuple[bytes, str]:
        encode, content_type = choose_encoder(accept)
        return encode(registry), content_type

    return scrape


def _families(reader: Reader, facts: Mapping[str, str]) -> Iterator[Metric]:
    from prometheus_client.core import InfoMetricFamily

    run, wire = reader.read(), reader.vitals
    yield InfoMetricFamily("runner", "The run.", value=dict(facts))
    for figure in FIGURES:
        if figure.wire_only and wire.standing == "in process":
            continue
        values = figure.read(run, wire)
        if values is not None:
            yield _family(figure, values)


def _family(figure: Figure, values: Mapping[str, float] | Total | float) -> Metric:
    from prometheus_client.core import (
        CounterMetricFamily,
        GaugeMetricFamily,
        SummaryMetricFamily,
    )

    if isinstance(values, Total):
        return SummaryMetricFamily(
            figure.name, figure.help, count_value=values.times, sum_value=values.seconds
        )
    make = CounterMetricFamily if figure.kind == "counter" else GaugeMetricFamily
    if not isinstance(values, Mapping):
        return make(figure.name, figure.help, value=values)
    family = make(figure.name, figure.help, labels=[figure.label])
    for name, value in values.items():
        family.add_metric([name], value)
    return family
