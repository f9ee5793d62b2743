"""How many requests a host bears at once, learnt from its answers.

The number at once adapts by additive increase and multiplicative decrease (Chiu & Jain, «Analysis of the Increase and
Decrease Algorithms for Congestion Avoidance in Computer Networks», 1989; RFC 5681 §3.1), with three turns of its own:

- What is halved is the load when trouble was noticed, not the nominal limit (FlightSize in RFC 5681 §3.1, equation 4).
  Requests that were out by then tell of the same trouble: they do not halve again, but when more than half of them
  were refused, the number that was not is the better estimate.
- The load that was borne is remembered as a ceiling (as W_max in CUBIC, RFC 9438 §4.6). It is passed only after a long
  run of answers, by one, and then ever faster while all goes well: a host that bears four settles at four, instead of
  meeting a refusal in every window. A refusal at a load that was borne for long is an accident, as long as there are
  few: it halves the limit, but leaves the ceiling. Else one fault in fifty would end at one request at a time.
- Answers count toward an increase only while the limit is reached (RFC 7661, congestion window validation).
"""

from __future__ import annotations

from crawler.phrases import Phrase

__all__ = ["AdaptiveLimit"]

PATIENCE = 100
"""Answers at the ceiling before it is passed by one; halved with each step that goes well."""

PROOF = 4
"""Windows without refusal (as many answers as the limit is high) that prove a load to be borne."""

CHANCE = 1 / 12
MEMORY = 50
"""Up to this share of refusals, over some so many answers, one at a proven load is taken for an accident."""


class AdaptiveLimit:
    """How many requests one host bears at once, as far as its answers tell."""

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
        """A request that was sent before the n-th cut says nothing new after it."""
        self._most = self._ceiling = self.value
        self._patience = PATIENCE
        self._run = 0
        """Answers in a row since the limit last changed."""
        self._long_run = 0
        """Answers at the ceiling since it last changed, or was met."""
        self._proven = 0
        """The highest load that was borne for `PROOF` windows."""
        self._proving, self._proof = self.value, 0
        self._share_refused = 0.0
        """Moving average over some `MEMORY` answers."""
        self._burst = self._refused = self._ceiling_before = 0

    def served(self, cuts_before: int, load: int) -> str:
        """Take note of an answer while `load` requests were out; return why the limit rose, if it did."""
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
        """Take note of a refusal while `load` requests were out, itself included; return why the limit fell."""
        self._share_refused += (1 - self._share_refused) / MEMORY
        if cuts_before == self.cuts:
            self.cuts += 1
            self._burst, self._refused, self._ceiling_before = load, 0, self._ceiling
            self.value = min(self.value, max(1, load // 2))
        self._refused += 1
        borne = self._burst - self._refused
        most_refused = self._refused > borne
        if most_refused:
            self.value = min(self.value, max(1, borne))
        self._run = self._proof = 0
        self._proving = self.value
        # Where nothing was borne, the host was out of order, or one alone was too fast: that says nothing of how many
        # it bears at once, and a ceiling of one would outlast the trouble.
        if borne <= 0:
            self._ceiling = self._ceiling_before
        elif self._burst > self._proven or most_refused or self._share_refused > CHANCE:
            self._ceiling = min(self._ceiling_before, borne)
            self._long_run, self._patience = 0, PATIENCE
            self._proven = min(self._proven, self._ceiling)
        return Phrase("refused_at_once", n=self._refused, all=self._burst)
