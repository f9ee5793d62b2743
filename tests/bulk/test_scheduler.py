"""The scheduler: hosts in turn, none that must wait, bounded memory. Order and counts, no clock."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable

from crawler.bulk.model import Target
from crawler.bulk.scheduler import (
    ALL_READ_AHEAD,
    MAX_READ_AHEAD,
    MIN_READ_AHEAD,
    SILENT_ROUNDS,
    Job,
    Scheduler,
)
from crawler.bulk.target_list import TargetList
from crawler.download.limiter import HostLimiter


def targets(counts: Iterable[tuple[str, int]]) -> list[Target]:
    """Return so many targets of each host, host after host."""
    hosts = [host for host, count in counts for _ in range(count)]
    return [
        Target(n, f"http://{host}/{n}", host, f"http://{host}/{n}") for n, host in enumerate(hosts, start=1)
    ]


class Watched(TargetList):
    """A source that counts the targets that it gave out."""

    def __init__(self, wanted: Iterable[Target]) -> None:
        super().__init__(wanted)
        self.given = 0

    def next_of(self, host: str, *, after: int, limit: int) -> tuple[int, list[Target]]:
        cursor, found = super().next_of(host, after=after, limit=limit)
        self.given += len(found)
        return cursor, found


def scheduler(
    source: TargetList, *, workers: int = 16, per_host: int = 4, limiter: HostLimiter | None = None
) -> Scheduler:
    return Scheduler({0: source}, limiter or HostLimiter(per_host), per_host=per_host, workers=workers)


async def take(made: Scheduler) -> Job | None:
    """Return the job that is ready now; None if a coroutine would have to wait."""
    made.feed()
    taking = asyncio.ensure_future(made.take())
    for _ in range(3):
        await asyncio.sleep(0)
    if taking.done():
        return taking.result()
    taking.cancel()
    return None


def settle(made: Scheduler, job: Job, *, responded: bool | None = True) -> None:
    made.done(job, responded=responded)
    made.saved(0, [job.target.host])


async def test_one_host_with_half_of_all_targets_does_not_delay_the_others() -> None:
    """Hosts take turns: the small ones are done after as many turns as they have targets."""
    small = [(f"h{n}", 5) for n in range(10)]
    made = scheduler(TargetList(targets([("big", 50), *small])))
    order = []
    for _ in range(100):
        job = await take(made)
        assert job is not None
        order.append(job.target.host)
        settle(made, job)
    assert Counter(order)["big"] == 50
    assert max(n for n, host in enumerate(order) if host != "big") < 11 * 6
    assert await take(made) is None
    assert made.is_idle(0)


async def test_a_host_that_does_not_answer_holds_no_more_than_one_coroutine() -> None:
    """A slow host holds `per_host` coroutines at most, and one before its first answer; the others go on."""
    made = scheduler(TargetList(targets([("slow", 100), ("good", 100)])))
    jobs = [await take(made), await take(made)]
    assert sorted(job.target.host for job in jobs if job) == ["good", "slow"]
    assert await take(made) is None
    good = next(job for job in jobs if job and job.target.host == "good")
    settle(made, good)
    held: list[Job] = []
    while (job := await take(made)) is not None:
        held.append(job)
    assert [job.target.host for job in held] == ["good"] * 4
    for _ in range(20):
        settle(made, held.pop())
        job = await take(made)
        assert job is not None
        assert job.target.host == "good"
        held.append(job)


async def test_a_host_that_must_wait_gets_no_coroutine() -> None:
    """Neither during a pause or a Crawl-delay, nor beyond the number that the limiter allows."""
    limiter = HostLimiter(4)
    made = scheduler(TargetList(targets([("paused", 9), ("delayed", 9), ("free", 9)])), limiter=limiter)
    limiter.pause("paused", 3600)
    limiter.set_crawl_delay("delayed", 3600)
    first, second = await take(made), await take(made)
    assert first is not None
    assert second is not None
    assert [first.target.host, second.target.host] == ["delayed", "free"]
    async with limiter.turn("delayed"):
        pass
    settle(made, first)
    settle(made, second)
    hosts = set()
    while (job := await take(made)) is not None:
        hosts.add(job.target.host)
    assert hosts == {"free"}
    made.close()


async def test_a_delay_between_starts_is_waited_for_without_a_coroutine() -> None:
    """With `delay`, a second coroutine of the host would only wait until the first has started."""
    limiter = HostLimiter(4, delay=3600)
    made = scheduler(TargetList(targets([("a", 9), ("b", 9)])), limiter=limiter)
    taken = [await take(made), await take(made)]
    assert [job.target.host for job in taken if job] == ["a", "b"]
    for job in taken:
        assert job is not None
        async with limiter.turn(job.target.host):
            pass
        settle(made, job)
    assert await take(made) is None
    made.close()


async def test_parked_hosts_come_back_by_themselves() -> None:
    """A waiting coroutine gets the target when the pause is over."""
    limiter = HostLimiter(4)
    made = scheduler(TargetList(targets([("paused", 1)])), limiter=limiter)
    limiter.pause("paused", 0.02)
    made.feed()
    job = await made.take()
    assert job.target.host == "paused"


async def test_memory_is_bounded_in_targets_and_hosts() -> None:
    """A host's targets stay with the source until they are near; of many hosts, so many as keep the coroutines busy."""
    one = Watched(targets([("big", 10_000)]))
    made = scheduler(one)
    assert await take(made)
    assert one.given <= MAX_READ_AHEAD
    many = Watched(targets((f"h{n}", 20) for n in range(2_000)))
    made = scheduler(many)
    assert await take(made)
    assert many.given <= 2 * 16 * MAX_READ_AHEAD
    waiting = Watched(targets((f"h{n}", 20) for n in range(3_000)))
    limiter = HostLimiter(4)
    made = scheduler(waiting, limiter=limiter)
    for n in range(3_000):
        limiter.pause(f"h{n}", 3600)
    for _ in range(400):
        assert await take(made) is None
    assert waiting.given <= ALL_READ_AHEAD + 3_000 * MIN_READ_AHEAD
    made.close()


async def test_every_target_is_given_out_once_while_coroutines_come_and_go() -> None:
    """Many coroutines, hosts of all sizes, results saved late: no target is lost and none comes twice."""
    wanted = targets((f"h{n}", 1 + n % 7) for n in range(300))
    made = scheduler(TargetList(wanted), workers=20)
    seen: Counter[int] = Counter()
    unsaved: list[str] = []

    async def work() -> None:
        while True:
            job = await made.take()
            seen[job.target.number] += 1
            await asyncio.sleep(0)
            made.done(job, responded=True)
            unsaved.append(job.target.host)

    workers = [asyncio.create_task(work()) for _ in range(20)]
    while not (len(seen) == len(wanted) and made.is_idle(0)):
        made.look_again()
        made.feed()
        for _ in range(5):
            await asyncio.sleep(0)
        made.saved(0, unsaved[:50])
        del unsaved[:50]
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    assert set(seen.values()) == {1}


async def test_hosts_without_a_response_leave_coroutines_for_the_others() -> None:
    """While a host that responds has targets, those that may be dead do not get the last coroutines."""
    many = [(f"silent{n}", 2) for n in range(20)]
    made = scheduler(TargetList(targets([("good", 40), *many])), workers=8)
    jobs = [await take(made) for _ in range(8)]
    first = next(job for job in jobs if job is not None and job.target.host == "good")
    settle(made, first, responded=True)
    hosts = []
    while (job := await take(made)) is not None and job.target.host == "good":
        hosts.append(job.target.host)
        settle(made, job, responded=True)
    assert len(hosts) == 39
    assert job is not None  # nothing else is ready


async def test_a_host_that_falls_silent_counts_as_doubtful() -> None:
    """Its coroutines are limited too, until it responds again."""
    made = scheduler(TargetList(targets([("falls", 30), ("good", 30)])), workers=4, per_host=4)
    for _ in range(2):  # both respond
        job = await take(made)
        assert job is not None
        settle(made, job, responded=True)
    held: list[Job] = []
    lost = False
    while len(held) < 3:
        job = await take(made)
        assert job is not None
        if job.target.host == "good":
            settle(made, job, responded=True)
        elif not lost:
            settle(made, job, responded=False)
            lost = True
        else:
            held.append(job)
    left = []
    while (job := await take(made)) is not None and job.target.host == "good":
        left.append(job)
        settle(made, job, responded=True)
    assert len(left) > 20


async def test_a_silent_host_is_given_up_after_some_rounds() -> None:
    """Before its first answer, a round is one target; afterwards it is as many as may run at once."""
    made = scheduler(TargetList(targets([("silent", 9)])))
    silent = []
    while (job := await take(made)) is not None:
        silent.append(job.silent)
        settle(made, job, responded=None if job.silent else False)
    assert silent == [0] * SILENT_ROUNDS + [SILENT_ROUNDS] * (9 - SILENT_ROUNDS)
    made = scheduler(TargetList(targets([("dies", 30)])))
    job = await take(made)
    assert job is not None
    settle(made, job)
    silent = []
    while (job := await take(made)) is not None:
        silent.append(job.silent)
        settle(made, job, responded=None if job.silent else False)
    assert silent.count(0) == SILENT_ROUNDS * 4
