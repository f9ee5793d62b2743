"""Figures of a bulk crawl in words: sizes, durations, verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from crawler.bulk.progress import Snapshot

if TYPE_CHECKING:
    from crawler.labels import Labels

__all__ = ["duration", "progress_line", "rate", "size", "verdict_counts", "verdict_name"]

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def size(count: int) -> str:
    """Return a number of bytes: «12.3 MB», in powers of a thousand."""
    value = float(count)
    for unit in _UNITS[:-1]:
        if value < 999.5:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 99.95 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:,.1f} {_UNITS[-1]}"


def duration(seconds: float, say: Labels) -> str:
    """Return a duration: «0:44», «1:02:03», «2 d 3:04:05»."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    time = f"{hours}:{minutes:02}:{rest:02}" if hours or days else f"{minutes}:{rest:02}"
    return say("bulk_days", n=days, time=time) if days else time


def rate(per_second: float) -> str:
    """Return a rate with two significant digits at least: «0.25», «3.1», «1,234»."""
    if per_second >= 9.95 or not per_second:
        return f"{per_second:,.0f}"
    return f"{per_second:.1f}" if per_second >= 0.995 else f"{per_second:.2g}"


def verdict_name(verdict: str, say: Labels) -> str:
    """Return a verdict in words."""
    return say(f"verdict_{verdict}")


def verdict_counts(verdicts: Mapping[str, int], say: Labels) -> str:
    """Return the number of targets by verdict, on one line; verdicts with the same words are added up."""
    counts: dict[str, int] = {}
    for verdict, n in verdicts.items():
        name = verdict_name(verdict, say)
        counts[name] = counts.get(name, 0) + n
    return say("comma").join(say("bulk_verdict", verdict=name, n=n) for name, n in counts.items())


def progress_line(now: Snapshot, say: Labels) -> str:
    """Return the progress on one line."""
    total = say("bulk_total" if now.total_known else "bulk_total_so_far", n=now.total)
    parts = [say("bulk_done", done=f"{now.done:,}", total=total), say("bulk_rate", n=rate(now.rate))]
    if now.verdicts:
        parts.append(verdict_counts(now.verdicts, say))
    if now.eta is not None and now.done < now.total:
        parts.append(say("bulk_eta", time=duration(now.eta, say)))
    if now.disk_foreseen is None or now.done >= now.total:
        parts.append(say("bulk_disk", used=size(now.disk_used)))
    else:
        parts.append(say("bulk_disk_of", used=size(now.disk_used), foreseen=size(now.disk_foreseen)))
    return " · ".join(parts)
