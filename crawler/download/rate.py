"""The gap between the starts of two requests to one host, learnt from which of them it refuses.

A host that counts requests a second refuses some however few are out at once, so that no number at once is right
for it. What is right is a gap between starts, and it lies between two bounds: the widest gap that was refused, and
the narrowest that was borne. The search for it is the binary search of BIC (Xu, Harfoush & Rhee, «Binary Increase
Congestion Control (BIC) for Fast Long-Distance Networks», IEEE INFOCOM 2004, §III): halve the interval while it is
wide, hold when it is narrow, and after a long run without refusal look beyond the refused bound, ever faster. Three
things differ, because a request that is refused costs one of its page's few attempts:

- Refusals in a row, with nothing served between them, tell nothing new of the gap: the host rests, twice as long
  each time (exponential back-off). The distance at which it serves again is the first gap.
- A host that has a burst to spare, or counts by windows, serves gaps for a while that it cannot bear for long. Its
  own rate is what it served between two refusals, divided by the time between them; this is the estimate then, as in
  the client rate limiter of AWS SDKs («Retry behavior», adaptive mode; botocore, `retries/adaptive.py`).
- A page that was refused before waits for a gap that is known to be borne, once the search has come near its end.

Refusals that do not get fewer when the gap is widened have another cause: then there is no gap.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from crawler.phrases import Phrase

__all__ = ["AdaptiveRate", "Start"]

FIRST_GAP = 0.11
"""Seconds between starts after a first refusal."""

NO_GAP = 0.005
"""A gap below so many seconds is none."""

FIRST_PAUSE, LONGEST_PAUSE = 0.55, 2.2
"""Seconds of rest after a refusal when nothing was served since the one before.

Each rest doubles the one before, and the sums are a little more than 0.5, 1, 2 … seconds: limits are round numbers.
"""

OUTAGE_SECONDS = 10.0
"""A host that serves nothing for so long, however slowly it is asked, limits no rate: it is down, or it blocks."""

STEP = 1.25
"""A gap is first narrowed by this factor; each further step is larger by as much, up to `LONGEST_STEP`."""

LONGEST_STEP = 2.0

CLOSE = 1.12
"""The search ends when the gap that is borne is at most so many times the one that was refused."""

STEP_SECONDS = 0.2
"""A gap is tried for so long before it counts as borne, or for one answer."""

CAUTION = (2.0, 1), (1.2, 4), (0.0, 12)
"""So many answers prove a gap that is wider than so many times the one that was refused."""

FEW = 12
"""One refusal after so many answers, or fewer than that, is borne: widening would cost more than it saves."""

PATIENCE = 100
"""Answers after which a gap that is held is narrowed; halved with each step that goes well."""

REST_SHARE = 20
"""A narrower gap is tried at most once in so many times the rest that its refusal would cost."""

IN_VAIN, WIDER = 6, 2.0
"""Refusals in spite of so many wider gaps, the last so many times the first, do not depend on the gap."""

MANY_IN_A_ROW = 4
"""So many refusals in a row do tell of a rate, where others did not depend on the gap."""

CLEAN_RUN = 50
"""Answers at one gap after which a refusal is an accident, and earlier ones no longer count."""


class Start(NamedTuple):
    """A request's start, as the rate needs to know it once the request has ended."""

    number: int
    """Counted from 1, per host."""
    at: float
    spacing: float
    """Seconds since the start before it."""


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
        """Seconds between two starts; 0 when the host is not known to limit its rate."""
        self.confirmed = False
        """Whether requests were refused that were alone: it is the rate that the host limits, not the load."""
        self._starts = 0
        self.last_start = -math.inf
        self._noted_starts, self._noted_at = 0, -math.inf
        """Starts by the last refusal that was taken note of, and when that was."""
        self._tried_from = 0
        """Starts by the last change of the gap."""
        self._run = 0
        """Answers at this gap since then."""
        self._served_at = -math.inf
        """Start of the latest request that was served, or of the very first one."""
        self._rest_until = -math.inf
        self._in_a_row, self._row_since, self._pause = 0, 0.0, 0.0
        """Refusals in a row, since when, and the rest after the last of them."""
        self._down = False
        self._early_answers = 0
        """Answers to requests that started before there was a gap, or before a refusal was noted."""
        self._unrelated = False
        """Whether refusals turned out not to depend on the gap."""
        self._refused, self._borne = 0.0, math.inf
        """The widest gap that was refused, and the narrowest that was borne."""
        self._proven = 0
        """Answers that prove the latter."""
        self._step, self._patience, self._hold_seconds = STEP, PATIENCE, 0.0
        self._bursty = False
        """Whether the host has a burst to spare: a few answers at one gap prove little then."""
        self._refused_alone = False
        self._in_vain, self._in_vain_from = 0, 0.0
        """Refusals in spite of wider gaps, and the gap at the first of them."""

    @property
    def trying(self) -> bool:
        """Whether this gap is narrower than one that was borne: a refusal tells of the gap then, not of the load."""
        return 0 < self.gap < self._borne < math.inf

    def ready_at(self, refused_before: int = 0) -> float:
        """Return when the next request may start; one whose page was refused before waits longer."""
        at = -math.inf
        if self.gap:
            borne = self.gap if self._borne == math.inf else max(self.gap, self._borne)
            # Far from the bound, a second attempt may try a gap as well, or there would be none to try it for long.
            second = 1.05 * self.gap if self.gap > 2 * self._refused else max(1.05 * self.gap, borne)
            gaps = (self.gap, second, 2 * borne)
            at = self.last_start + gaps[min(refused_before, 2)]
        if self._pause:
            at = max(at, self._noted_at + self._pause * 2**refused_before)
        return at

    def start(self, now: float) -> Start:
        """Take note of a start."""
        if not self._starts:
            self._noted_at = self._served_at = now
        self._starts += 1
        spacing, self.last_start = now - self.last_start, now
        return Start(self._starts, now, spacing)

    def take_back(self, start: Start) -> None:
        """Undo a start after which nothing was sent, if none came after it."""
        if start.number == self._starts:
            self._starts -= 1
            self.last_start = start.at - start.spacing

    def served(self, start: Start) -> str:
        """Take note of an answer; return why the gap changed, if it did."""
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
            return ""  # an answer to a request that started later than it might have proves nothing
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
        """Take note of a 429 or 503, after which the host rests for `rest`; return why the gap changed, if it did.

        `alone` tells that no other request was out.
        """
        if start.number <= self._noted_starts:
            return ""  # it tells of the same trouble as the refusal before
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
        # While it rests a host saves up a burst: few answers after that are its rate over both, many the rate alone.
        # The fraction of an answer that was due at the refusal is a half on average.
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
        """End a row of refusals: the distance from the answer before it is the first estimate of the gap."""
        in_a_row, self._in_a_row, self._pause = self._in_a_row, 0, 0.0
        if self._down or not self.gap:
            self._down = False
            return ""
        if self._borne < math.inf:
            if in_a_row > 2:  # by less, a window of the host's own was used up
                self._set(min(max(distance, self.gap), 2 * self.gap))
            return ""
        self._borne, self._refused = max(distance, FIRST_GAP), 0.0
        self._step, self._proven = STEP, 0
        self._set(self._borne)
        return Phrase("answer_after", n=in_a_row + 1)

    def _refused_again(self, now: float, *, alone: bool) -> str:
        """Rest twice as long as after the refusal before, with nothing served since."""
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
        """Take the gap for borne, and try a narrower one."""
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
        """Take the gap for too narrow: go back to one that was borne, or to the time that an answer took."""
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
        """Count a refusal at a gap that was thought to be borne; return whether no gap would help."""
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
        """Return to no gap, and to knowing nothing of it."""
        self._refused, self._borne, self._proven = 0.0, math.inf, 0
        self._step, self._patience, self._hold_seconds = STEP, PATIENCE, 0.0
        self._bursty = self._refused_alone = self.confirmed = False
        self._in_vain, self._in_vain_from = 0, 0.0
        self._set(0.0)
