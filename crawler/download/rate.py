"""Learn the gap between the starts of two requests to one host from the requests that it refuses.

A host that limits requests per second refuses some even if few are in flight, so limiting parallel requests does not
help. What helps is a gap between starts. It lies between two bounds: the widest gap that the host refused and the
narrowest that it accepted. The search for it is the binary search of BIC (Xu, Harfoush & Rhee, «Binary Increase
Congestion Control (BIC) for Fast Long-Distance Networks», IEEE INFOCOM 2004, §III): halve the interval while it is
wide, hold when it is narrow, and after a long run without refusals probe beyond the refused bound, ever faster. Three
things differ, because each refused request costs one of the few attempts of its page:

- Refusals in a row, without a response between them, say nothing new about the gap: the host rests, twice as long
  each time (exponential back-off). The distance at which it responds again is the first gap.
- A host that allows bursts, or counts by time windows, accepts gaps for a while that it cannot sustain. Its own rate
  is the number of responses between two refusals, divided by the time between them; this is the estimate then, as in
  the client rate limiter of AWS SDKs («Retry behavior», adaptive mode; botocore, `retries/adaptive.py`).
- A page that was refused before waits for a gap that the host has accepted, once the search is near its end.

If a wider gap does not reduce the refusals, they have another cause, and no gap is used.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from crawler.phrases import Phrase

__all__ = ["AdaptiveRate", "Start"]

FIRST_GAP = 0.11
"""Seconds between starts after the first refusal."""

NO_GAP = 0.005
"""A gap of fewer seconds than this counts as none."""

FIRST_PAUSE, LONGEST_PAUSE = 0.55, 2.2
"""Seconds of rest after a refusal that follows another one without a response between them.

Each rest is twice as long as the one before. The sums are slightly above 0.5, 1, 2 … seconds, because limits tend to
be round numbers.
"""

OUTAGE_SECONDS = 10.0
"""If a host refuses everything for this long, however slow the requests, it has no rate limit: it is down or blocks."""

STEP = 1.25
"""The factor of the first narrowing; each further step is larger by the same factor, up to `LONGEST_STEP`."""

LONGEST_STEP = 2.0

CLOSE = 1.12
"""The search ends when the accepted gap is at most this many times the refused one."""

STEP_SECONDS = 0.2
"""How long to try a gap before it counts as accepted; at least one response."""

CAUTION = (2.0, 1), (1.2, 4), (0.0, 12)
"""How many responses (second) prove a gap wider than this multiple (first) of the refused one."""

FEW = 12
"""Accept one refusal after at least this many responses: widening the gap would cost more than it saves."""

PATIENCE = 100
"""Responses after which a held gap is narrowed; halved with each successful step."""

REST_SHARE = 20
"""Try a narrower gap at most once in this many times the rest that its refusal would cost."""

IN_VAIN, WIDER = 6, 2.0
"""Refusals after this many wider gaps, the last this many times the first, do not depend on the gap."""

MANY_IN_A_ROW = 4
"""After this many refusals in a row, assume a rate limit even if earlier refusals did not depend on the gap."""

CLEAN_RUN = 50
"""Responses at one gap after which a refusal is an accident, and earlier refusals no longer count."""


class Start(NamedTuple):
    """The start of a request, as the rate needs it when the request ends."""

    number: int
    """Counted from 1 for each host."""
    at: float
    spacing: float
    """Seconds since the previous start."""


class AdaptiveRate:
    """The gap between starts at one host; times are seconds of one monotonic clock."""

    __slots__ = (
        "_borne",
        "_bursty",
        "_down",
        "_early_answers",
        "_hold_seconds",
        "_in_a_row",
        "_in_vain",
        "_in_vain_from",
        "_noted_at",
        "_noted_starts",
        "_patience",
        "_pause",
        "_proven",
        "_refused",
        "_refused_alone",
        "_rest_until",
        "_row_since",
        "_run",
        "_served_at",
        "_starts",
        "_step",
        "_tried_from",
        "_unrelated",
        "confirmed",
        "gap",
        "last_start",
    )

    def __init__(self) -> None:
        self.gap = 0.0
        """Seconds between two starts; 0 if the host is not known to limit its rate."""
        self.confirmed = False
        """True if the host refused requests with no other in flight: it limits the rate, not the load."""
        self._starts = 0
        self.last_start = -math.inf
        self._noted_starts, self._noted_at = 0, -math.inf
        """The number of starts at the last recorded refusal, and its time."""
        self._tried_from = 0
        """The number of starts at the last change of the gap."""
        self._run = 0
        """Responses at this gap since then."""
        self._served_at = -math.inf
        """Start of the latest successful request, or of the very first one."""
        self._rest_until = -math.inf
        self._in_a_row, self._row_since, self._pause = 0, 0.0, 0.0
        """Refusals in a row, the time of the first, and the rest after the last."""
        self._down = False
        self._early_answers = 0
        """Responses to requests that started before there was a gap, or before a refusal was recorded."""
        self._unrelated = False
        """True once refusals turned out not to depend on the gap."""
        self._refused, self._borne = 0.0, math.inf
        """The widest refused gap, and the narrowest accepted one."""
        self._proven = 0
        """Responses that prove the accepted gap."""
        self._step, self._patience, self._hold_seconds = STEP, PATIENCE, 0.0
        self._bursty = False
        """True if the host allows bursts: a few responses at one gap then prove little."""
        self._refused_alone = False
        self._in_vain, self._in_vain_from = 0, 0.0
        """Refusals despite wider gaps, and the gap at the first of them."""

    @property
    def trying(self) -> bool:
        """True if this gap is narrower than an accepted one: a refusal then concerns the gap, not the load."""
        return 0 < self.gap < self._borne < math.inf

    def ready_at(self, refused_before: int = 0) -> float:
        """Return the earliest start of the next request; it is later for a page that was refused before."""
        at = -math.inf
        if self.gap:
            borne = self.gap if self._borne == math.inf else max(self.gap, self._borne)
            # Far from the bound, let second attempts try a gap as well; otherwise hardly any request would.
            second = 1.05 * self.gap if self.gap > 2 * self._refused else max(1.05 * self.gap, borne)
            gaps = (self.gap, second, 2 * borne)
            at = self.last_start + gaps[min(refused_before, 2)]
        if self._pause:
            at = max(at, self._noted_at + self._pause * 2**refused_before)
        return at

    def start(self, now: float) -> Start:
        """Record a start."""
        if not self._starts:
            self._noted_at = self._served_at = now
        self._starts += 1
        spacing, self.last_start = now - self.last_start, now
        return Start(self._starts, now, spacing)

    def take_back(self, start: Start) -> None:
        """Undo a start if nothing was sent after it and it is the latest."""
        if start.number == self._starts:
            self._starts -= 1
            self.last_start = start.at - start.spacing

    def served(self, start: Start) -> str:
        """Record a response; return the reason if the gap changed."""
        distance = start.at - self._served_at
        self._served_at = max(self._served_at, start.at)
        if start.number <= self._noted_starts or not self.gap:
            self._early_answers += 1
            self._bursty |= not self._refused and self._early_answers > 1
        if start.number <= self._noted_starts:
            return ""
        self.confirmed |= self._refused_alone
        if self._in_a_row:
            return self._served_again(distance)
        if start.number <= self._tried_from or not self.gap or start.spacing > 1.1 * self.gap:
            return ""  # this request started later than it could have, so its success proves nothing
        self._run += 1
        if self._run >= CLEAN_RUN:
            self._in_vain = 0
        held = self._refused <= self.gap <= CLOSE * self._refused
        caution = next(answers for times, answers in CAUTION if self.gap > times * self._refused)
        answers, seconds = (self._patience, self._hold_seconds) if held else (caution, STEP_SECONDS)
        if self._run < max(answers, seconds / self.gap):
            return ""
        why = Phrase("answers_at_gap", n=self._run, gap=self.gap)
        self._narrow(held=held)
        return why

    def refused(self, start: Start, now: float, *, rest: float, alone: bool) -> str:
        """Record a 429 or 503, after which the host rests for `rest`; return the reason if the gap changed.

        `alone` is True if no other request was in flight.
        """
        if start.number <= self._noted_starts:
            return ""  # the previous refusal already reported this
        served, seconds = start.number - self._noted_starts - 1, start.at - self._noted_at
        rested = min(seconds, max(0.0, self._rest_until - self._noted_at))
        self._noted_starts, self._noted_at, self._rest_until = self._starts, now, now + rest
        if not served and (self.gap or self._down or self._unrelated):
            return self._refused_again(now, alone=alone)
        self._in_a_row, self._pause = 0, 0.0
        if self._unrelated:
            return ""
        if not self.gap:
            self._bursty = served > 1 and self._early_answers > 1
            self._set(min(FIRST_GAP, seconds / served) if served > FEW else FIRST_GAP)
            self._step = LONGEST_STEP
            return Phrase("were_refused")
        self._refused_alone |= alone
        # A resting host saves up a burst. A few responses after it show its rate over both times, many show its rate
        # alone. On average, half of a response was due at the refusal.
        mean = (seconds - rested + rested * min(1.0, (FEW / served) ** 2)) / (served + 0.5)
        is_rare = served >= FEW and seconds >= REST_SHARE / 2 * rest
        if is_rare and (self._run >= CLEAN_RUN or mean <= self.gap * (1.1 + 1 / served)):
            return ""
        if not self.trying and self._is_in_vain():
            return Phrase("gap_no_help")
        self._widen(served, mean)
        self._patience, self._hold_seconds = PATIENCE, REST_SHARE * rest
        return Phrase("refused_after", n=served)

    def _served_again(self, distance: float) -> str:
        """End a run of refusals: the distance from the response before it is the first estimate of the gap."""
        in_a_row, self._in_a_row, self._pause = self._in_a_row, 0, 0.0
        if self._down or not self.gap:
            self._down = False
            return ""
        if self._borne < math.inf:
            if in_a_row > 2:  # fewer may just have used up a time window of the host
                self._set(min(max(distance, self.gap), 2 * self.gap))
            return ""
        self._borne, self._refused = max(distance, FIRST_GAP), 0.0
        self._step, self._proven = STEP, 0
        self._set(self._borne)
        return Phrase("answer_after", n=in_a_row + 1)

    def _refused_again(self, now: float, *, alone: bool) -> str:
        """Rest twice as long as after the previous refusal, because nothing was served since."""
        self._row_since = self._row_since if self._in_a_row else now
        self._in_a_row += 1
        if self._down or now - self._row_since > OUTAGE_SECONDS:
            self._down, self._pause = True, 0.0
            self._forget()
            return Phrase("nothing_served", seconds=OUTAGE_SECONDS)
        if self._unrelated:
            if self._in_a_row < MANY_IN_A_ROW:
                return ""
            self._unrelated = False
            self._set(FIRST_GAP)
        self._refused_alone |= alone
        self._pause = min(LONGEST_PAUSE, max(self.gap, FIRST_PAUSE) * 2 ** max(0, self._in_a_row - 2))
        return Phrase("refused_in_a_row")

    def _narrow(self, *, held: bool) -> None:
        """Accept the gap, and try a narrower one."""
        self._borne, self._proven = self.gap, self._run
        if held:
            self._patience = max(FEW, self._patience // 2)
            self._set(self.gap / STEP)
            return
        if self.gap <= self._refused:
            self._refused = 0.0  # the host allows more than before
        if self.gap < self._refused * self._step**2:
            self._set(math.sqrt(self._refused * self.gap))
        else:
            self._set(self.gap / self._step)
            self._step = min(LONGEST_STEP, self._step * STEP)
        if self.gap < NO_GAP:
            self._forget()

    def _widen(self, served: int, mean: float) -> None:
        """Reject the gap: return to one that was accepted, or to the average time of a response."""
        self._step = STEP
        was_borne = self.gap < self._borne < math.inf
        self._refused = max(self._refused, self.gap) if was_borne else self.gap
        if not was_borne:
            self._bursty = self._bursty or self._borne < math.inf
        if was_borne and self._proven >= FEW:
            self._set(self._borne)
            return
        if self._bursty and served >= 3:
            estimate = max(mean if served > FEW else 1.05 * mean, 1.05 * self.gap)
            self._borne = min(estimate, self._borne) if was_borne and self._proven >= 4 else estimate
        elif not was_borne:
            self._borne = max(mean, STEP * self.gap)
        self._proven = 0
        self._set(self._borne)

    def _is_in_vain(self) -> bool:
        """Count a refusal at a gap that seemed accepted; return True if no gap would help."""
        if not self._in_vain:
            self._in_vain_from = self.gap
        self._in_vain += 1
        if self._in_vain < IN_VAIN or self.gap < WIDER * self._in_vain_from:
            return False
        self._unrelated = True
        self._forget()
        return True

    def _set(self, gap: float) -> None:
        self.gap, self._tried_from, self._run = gap, self._starts, 0

    def _forget(self) -> None:
        """Drop the gap and everything learnt about it."""
        self._refused, self._borne, self._proven = 0.0, math.inf, 0
        self._step, self._patience, self._hold_seconds = STEP, PATIENCE, 0.0
        self._bursty = self._refused_alone = self.confirmed = False
        self._in_vain, self._in_vain_from = 0, 0.0
        self._set(0.0)
