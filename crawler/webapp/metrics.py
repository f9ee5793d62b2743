"""Counters of requests, and all metrics in the text format of Prometheus (version 0.0.4).

The format is a few lines of text, and this process has a dozen figures. prometheus_client would bring a global
registry, multiprocess files and collectors of its own for less code than its set-up needs.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable

__all__ = ["CONTENT_TYPE", "Family", "Metrics", "exposition"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Upper bounds of response times in seconds."""

Sample = tuple[str, dict[str, str], float]
"""A suffix of the metric's name, labels, a value."""

Family = tuple[str, str, str, list[Sample]]
"""A metric: name, type, help, samples."""


class Metrics:
    """Counts the requests and their durations."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._durations = [0] * (len(_BUCKETS) + 1)
        self._seconds = 0.0

    def note(self, method: str, route: str, status: int, seconds: float | None) -> None:
        """Count a response; `route` is the pattern of its path. A stream of events has no duration."""
        self._requests[method, route, status] += 1
        if seconds is not None:
            self._durations[bisect_left(_BUCKETS, seconds)] += 1
            self._seconds += seconds

    def families(self) -> Iterable[Family]:
        """Yield the metrics of the requests."""
        yield (
            "bookprice_http_requests_total",
            "counter",
            "Responses by method, route and status.",
            [
                ("", {"method": method, "route": route, "status": str(status)}, count)
                for (method, route, status), count in sorted(self._requests.items())
            ],
        )
        total = 0
        samples: list[Sample] = []
        for bound, count in zip((*map(str, _BUCKETS), "+Inf"), self._durations, strict=True):
            total += count
            samples.append(("_bucket", {"le": bound}, total))
        samples += [("_sum", {}, self._seconds), ("_count", {}, total)]
        yield "bookprice_http_request_seconds", "histogram", "Time to a response, without streams.", samples


def exposition(families: Iterable[Family]) -> str:
    """Return metrics as text."""
    lines = []
    for name, kind, words, samples in families:
        lines += [f"# HELP {name} {words}", f"# TYPE {name} {kind}"]
        for suffix, labels, value in samples:
            shown = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
            lines.append(f"{name}{suffix}{'{' + shown + '}' if shown else ''} {value!r}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
