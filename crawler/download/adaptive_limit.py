"""Learn the number of parallel requests that a host serves from its responses.

The number adapts by additive increase and multiplicative decrease (Chiu & Jain, «Analysis of the Increase and Decrease
Algorithms for Congestion Avoidance in Computer Networks», 1989; RFC 5681 §3.1), with three changes:

- A decrease halves the load at the time of the refusal, not the limit (FlightSize in RFC 5681 §3.1, equation 4).
  Refusals of other requests in flight at that time do not halve it again; but if more than half of these requests are
  refused, the number of those that are served is the better estimate.
- The load that the host served is remembered as a ceiling (like W_max in CUBIC, RFC 9438 §4.6). The limit exceeds the
  ceiling only after a long run of responses, by one, and then faster and faster while no refusal comes: with a host
  that serves four, the limit settles at four instead of causing a refusal in every window. A refusal at a load that was
  served for long counts as an accident while there are few: it halves the limit, but keeps the ceiling. Otherwise one
  failure in fifty would reduce the limit to one.
- Responses count toward an increase only while the limit is in use (RFC 7661, congestion window validation).
"""

from __future__ import annotations

from crawler.phrases import Phrase

__all__ = ["AdaptiveLimit"]

PATIENCE = 100
"""Responses at the ceiling before the limit exceeds it by one; halved with each step without refusal."""

PROOF = 4
"""Windows (as many responses as the limit) without refusal that prove a load."""

CHANCE = 1 / 12
MEMORY = 50
"""A refusal at a proven load is an accident up to this share of refusals over about so many responses."""


class AdaptiveLimit:
    """The limit on parallel requests to one host."""

    __slots__ = (
        "_burst",
        "_ceiling",
        "_ceiling_before",
        "_long_run",
        "_most",
        "_patience",
        "_proof",
        "_proven",
        "_proving",
        "_refused",
        "_run",
        "_share_refused",
        "cuts",
        "value",
    )

    def __init__(self, most: int) -> None:
        self.value = max(1, most)
        self.cuts = 0
        """Number of decreases. A request that was sent before the last one says nothing new."""
        self._most = self._ceiling = self.value
        self._patience = PATIENCE
        self._run = 0
        """Responses in a row since the limit last changed."""
        self._long_run = 0
        """Responses at the ceiling since it last changed or was reached."""
        self._proven = 0
        """The highest load that was served for `PROOF` windows."""
        self._proving, self._proof = self.value, 0
        self._share_refused = 0.0
        """Moving average over about `MEMORY` responses."""
        self._burst = self._refused = self._ceiling_before = 0

    def served(self, cuts_before: int, load: int) -> str:
        """Count a response while `load` requests were in flight; return why the limit rose, or ''."""
        self._share_refused -= self._share_refused / MEMORY
        if cuts_before < self.cuts or load < self.value:
            return ""
        self._proof += 1
        if self._proof >= PROOF * self._proving:
            self._proven = max(self._proven, self._proving)
            self._proving, self._proof = self.value, 0
        at_ceiling = self.value >= self._ceiling
        self._run += 1
        self._long_run += at_ceiling
        run, needed = (
            (self._long_run, max(self.value, self._patience)) if at_ceiling else (self._run, self.value)
        )
        if run < needed or self.value >= self._most:
            return ""
        if at_ceiling:
            self._ceiling += 1
            self._long_run, self._patience = 0, needed // 2
        self.value += 1
        self._run = 0
        return Phrase("answers_at_once", n=needed, at_once=self.value - 1)

    def refused(self, cuts_before: int, load: int) -> str:
        """Count a refusal while `load` requests were in flight, including this one; return why the limit fell."""
        self._share_refused += (1 - self._share_refused) / MEMORY
        if cuts_before == self.cuts:
            self.cuts += 1
            self._burst, self._refused, self._ceiling_before = load, 0, self._ceiling
            self.value = min(self.value, max(1, load // 2))
        self._refused += 1
        served = self._burst - self._refused
        most_refused = self._refused > served
        if most_refused:
            self.value = min(self.value, max(1, served))
        self._run = self._proof = 0
        self._proving = self.value
        # If every request in flight failed, the host is down, or a single request came too early. That says nothing
        # about its capacity, and a ceiling of one would outlast the trouble.
        if served <= 0:
            self._ceiling = self._ceiling_before
        elif self._burst > self._proven or most_refused or self._share_refused > CHANCE:
            self._ceiling = min(self._ceiling_before, served)
            self._long_run, self._patience = 0, PATIENCE
            self._proven = min(self._proven, self._ceiling)
        return Phrase("refused_at_once", n=self._refused, all=self._burst)
