"""/metrics for Prometheus: the service's own, and each engine's, labelled."""

from __future__ import annotations

import re
from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from pipeline.serving import store as stores
from pipeline.serving.api.doors import Traffic
from pipeline.serving.api.service import Service
from pipeline.serving.artifact.reference import parse
from pipeline.serving.runner import Running

TEXT = "text/plain; version=0.0.4; charset=utf-8"
SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})?\s+(\S+)")
SUFFIXES = ("_bucket", "_count", "_sum", "_total")


async def metrics(request: Request) -> Response:
    """All metrics."""
    service = Service.of(request)
    names = {
        entry.id: parse(entry.names()[0]).short
        for entry in stores.entries(service.store)
        if entry.names()
    }
    told = [
        (
            {"engine": one.engine, "model": names.get(one.model, one.model)}
            | {"mode": one.mode},
            text,
        )
        for one, text in await service.scheduler.metrics()
    ]
    own = own_metrics(service.traffic, service.scheduler.running())
    return PlainTextResponse(joined([({}, own), *told]), media_type=TEXT)


def own_metrics(traffic: Traffic, running: Iterable[Running]) -> str:
    """The service's own metrics."""
    running = list(running)
    lines = [
        "# HELP stateof_requests_total Requests answered, by what answered.",
        "# TYPE stateof_requests_total counter",
        *(
            f"stateof_requests_total{_labels(handler=handler, status=str(status))} {n}"
            for (handler, status), n in sorted(traffic.requests.items())
        ),
        "# HELP stateof_request_seconds_total Seconds that requests took.",
        "# TYPE stateof_request_seconds_total counter",
        *(
            f"stateof_request_seconds_total{_labels(handler=handler)} {seconds:.6f}"
            for handler, seconds in sorted(traffic.seconds.items())
        ),
        "# HELP stateof_requests_open Requests being answered, this one among them.",
        "# TYPE stateof_requests_open gauge",
        f"stateof_requests_open {traffic.open}",
        "# HELP stateof_engines_loaded Engines that have a model in memory.",
        "# TYPE stateof_engines_loaded gauge",
        f"stateof_engines_loaded {sum(not one.loading for one in running)}",
    ]
    return "\n".join(lines) + "\n"


def joined(sources: Iterable[tuple[dict[str, str], str]]) -> str:
    """Metrics of several sources as one text: each with its labels, grouped by name.

    Lines that are no metrics are left out, so that one engine cannot spoil the rest.
    """
    heads: dict[str, dict[str, str]] = {}
    samples: dict[str, list[str]] = {}
    for labels, text in sources:
        for line in text.splitlines():
            if line.startswith("# "):
                kind, _, rest = line[2:].partition(" ")
                name = rest.partition(" ")[0]
                if kind in ("HELP", "TYPE") and name:
                    heads.setdefault(name, {}).setdefault(kind, line)
            elif match := SAMPLE.match(line):
                name, known, value = match.groups()
                added = ",".join(_pairs(labels))
                inner = ",".join(x for x in (known, added) if x)
                shown = f"{name}{{{inner}}} {value}" if inner else f"{name} {value}"
                samples.setdefault(_family(name, heads), []).append(shown)
    lines: list[str] = []
    for name, found in samples.items():
        head = heads.get(name, {})
        lines += [head[kind] for kind in ("HELP", "TYPE") if kind in head]
        lines += found
    return "".join(f"{line}\n" for line in lines)


def _family(name: str, heads: dict[str, dict[str, str]]) -> str:
    """The metric that a sample belongs to: a histogram's buckets are one metric."""
    if name in heads:
        return name
    stems = [name.removesuffix(s) for s in SUFFIXES if name.endswith(s)]
    return next((stem for stem in stems if stem in heads), name)


def _labels(**labels: str) -> str:
    return f"{{{','.join(_pairs(labels))}}}"


def _pairs(labels: dict[str, str]) -> list[str]:
    return [f'{key}="{_escaped(value)}"' for key, value in labels.items()]


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
