"""The state of a shard in SQLite: which of its targets are pending, which are finished, and what is in its files.

Queues live on disk, so memory does not grow with the number of targets. Several processes may open a store at once:
the intake adds targets, the shard's own process finishes them, and other shards hand targets over.

A target moves to another shard in three steps, so that a kill between two of them neither loses nor doubles it:
`finish` puts it into the outbox, in one transaction with the results; `take_over` on the other store accepts it, once
however often it is called; `delivered` removes it from the outbox. `deliver` does the last two.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from crawler.atomic_write import shown
from crawler.bulk.model import Finished, Target
from crawler.bulk.store_file import StoreError, connect, transaction, translate_errors
from crawler.clean import clean
from crawler.phrases import Phrase
from crawler.verdict import Verdict

__all__ = ["ShardStore", "StoreCounts", "StoreError", "deliver"]

_FINISHED, _HANDED_OVER = 1, 2
"""States of a target. Statements name the state 0, pending, as a literal; otherwise SQLite would not use the index."""

_MOST_HOST_IDS = 10_000
"""How many hosts' row numbers a store remembers."""


@dataclass(frozen=True, slots=True)
class StoreCounts:
    """The targets of a shard by state."""

    pending: int = 0
    """Targets without a result, including undelivered ones."""
    undelivered: int = 0
    """Targets in the outbox: another shard has yet to take them over."""
    handed_over: int = 0
    """Targets that went to another shard, including undelivered ones."""
    finished: Mapping[Verdict, int] = field(default_factory=dict)

    @property
    def done(self) -> int:
        """The number of finished targets."""
        return sum(self.finished.values())


class ShardStore:
    """An open store; a context manager. Any thread may call it, one call at a time.

    Every method raises StoreError if the file cannot be read or written, or if the disk is full; then nothing has
    changed.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        """Use `ShardStore.open`."""
        self.path = path
        self._connection = connection
        self._host_ids: dict[str, int] = {}

    @classmethod
    def open(cls, path: Path, *, readonly: bool = False, durable: bool = True, cache_mib: int = 4) -> Self:
        """Open a store; create it, with its folder, unless `readonly`.

        If `durable`, each transaction survives a power failure. The intake, which can run again, opens its stores
        without, and calls `sync` at its end. `cache_mib` is the memory for pages of the file.
        """
        if not readonly:
            with translate_errors(path):
                path.parent.mkdir(parents=True, exist_ok=True)
        return cls(path, connect(path, readonly=readonly, durable=durable, cache_mib=cache_mib))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; further calls do nothing."""
        with translate_errors(self.path):
            self._connection.close()

    def sync(self) -> None:
        """Make all transactions so far survive a power failure."""
        with translate_errors(self.path):
            self._connection.execute("PRAGMA synchronous = FULL")
            try:
                with transaction(self._connection):
                    self._count({"pending": 0})
            finally:
                self._connection.execute("PRAGMA synchronous = NORMAL")

    def add(self, targets: Sequence[Target]) -> int:
        """Add targets of the input, in one transaction; a URL that the store has from another line is a duplicate.

        Return the number of targets that are not duplicates, including those that an interrupted intake added before.
        """
        first: dict[bytes, Target] = {}
        for target in targets:
            first.setdefault(_digest(target.url), target)
        known = 0
        added: dict[int, list[int]] = {}  # by host: how many, and the sequence of the first
        with self._writing():
            execute = self._connection.execute
            sequence = self._last_sequence()
            for digest, target in first.items():
                host = self._host_id(target.host)
                inserted = execute(
                    "INSERT INTO target (sequence, number, digest, host, url, columns) VALUES (?, ?, ?, ?, ?, ?)"
                    " ON CONFLICT (digest) DO NOTHING",
                    (sequence + 1, target.number, digest, host, target.url, _packed(target.columns)),
                )
                if inserted.rowcount:
                    sequence += 1
                    added.setdefault(host, [0, sequence])[0] += 1
                else:
                    known += execute(
                        "SELECT count(*) FROM target WHERE digest = ? AND number = ?", (digest, target.number)
                    ).fetchone()[0]
            self._queue(added)
        return known + sum(n for n, _ in added.values())

    def take_over(self, targets: Iterable[Target]) -> None:
        """Accept targets that other shards hand over, in one transaction; call it again as often as you like.

        A target that was here before and comes back after more redirects is pending again.
        """
        with self._writing():
            for target in targets:
                self._take_over(target)

    def _take_over(self, target: Target) -> None:
        execute = self._connection.execute
        row = execute("SELECT redirects, state FROM target WHERE number = ?", (target.number,)).fetchone()
        if row is not None and (row[0] >= target.redirects or row[1] != _HANDED_OVER):
            return
        sequence = self._last_sequence() + 1
        host = self._host_id(target.host)
        values = (
            sequence, host, target.url, target.source_url, _packed(target.columns), target.redirects,
            target.attempts, target.number,
        )  # fmt: skip
        if row is None:
            execute(
                "INSERT INTO target (sequence, host, url, source_url, columns, redirects, attempts, number)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            )
        else:
            execute(
                "UPDATE target SET sequence = ?, host = ?, url = ?, source_url = ?, columns = ?, redirects = ?,"
                " attempts = ?, state = 0 WHERE number = ?",
                values,
            )
            self._count({"handed_over": -1})
        self._queue({host: [1, sequence]})

    def hosts(self, *, excluding: Container[str] = (), limit: int) -> list[str]:
        """Return at most `limit` hosts with pending targets, in the order in which their first ones arrived."""
        found: list[str] = []
        with self._reading():
            cursor = self._connection.execute("SELECT name FROM host WHERE pending > 0 ORDER BY first")
            try:
                for (name,) in cursor:
                    if len(found) >= limit:
                        break
                    if name not in excluding:
                        found.append(name)
            finally:
                cursor.close()  # an open one would keep the log from shrinking
        return found

    def next_of(self, host: str, *, after: int = 0, limit: int) -> tuple[int, list[Target]]:
        """Return at most `limit` pending targets of a host in the order of their arrival, and a cursor.

        Pass the cursor as `after` to continue from there; 0 starts from the beginning. New targets come after all
        earlier ones.
        """
        with self._reading():
            rows = self._connection.execute(
                "SELECT sequence, number, url, host.name, source_url, columns, redirects, attempts"
                " FROM target JOIN host ON host.id = target.host"
                " WHERE host.name = ? AND state = 0 AND sequence > ? ORDER BY sequence LIMIT ?",
                (host, after, limit),
            ).fetchall()
            return (rows[-1][0] if rows else after), [_target(row[1:]) for row in rows]

    def finish(
        self, finished: Sequence[Finished], handed_over: Sequence[Target], files: Mapping[str, int]
    ) -> None:
        """Record results, targets that go on in another shard, and the committed lengths of files: one transaction.

        `handed_over` are the targets as the other shard is to crawl them: with the new URL and its host. `files` are
        the lengths in bytes of the files that were written to, named relative to the output folder. Raises StoreError
        if a target is not pending: another process has finished it.
        """
        execute = self._connection.execute
        gone: Counter[int] = Counter()  # by host
        counts: Counter[str] = Counter()
        with self._writing():
            for each in finished:
                gone[self._leave(each.number, _FINISHED, each.verdict)] += 1
                counts[each.verdict] += 1
            for target in handed_over:
                gone[self._leave(target.number, _HANDED_OVER, None)] += 1
                execute(
                    "INSERT INTO outbox (number, host, url, redirects, attempts) VALUES (?, ?, ?, ?, ?)",
                    (target.number, target.host, target.url, target.redirects, target.attempts),
                )
            for host, n in gone.items():
                execute(
                    "UPDATE host SET pending = pending - ?, first = coalesce((SELECT min(sequence) FROM target"
                    " WHERE target.host = host.id AND state = 0), 0) WHERE id = ?",
                    (n, host),
                )
            self._count({**counts, "handed_over": len(handed_over), "pending": -gone.total()})
            self._record_lengths(files)

    def _leave(self, number: int, state: int, verdict: Verdict | None) -> int:
        """Move a target out of the queue of its host; return the host's row number."""
        row = self._connection.execute(
            "UPDATE target SET state = ?, verdict = ? WHERE number = ? AND state = 0 RETURNING host",
            (state, verdict, number),
        ).fetchone()
        if row is None:
            raise StoreError(Phrase("store_not_pending", path=shown(self.path), number=number))
        return int(row[0])

    def outbox(self) -> list[Target]:
        """Return the targets that other shards have yet to take over."""
        with self._reading():
            rows = self._connection.execute(
                "SELECT outbox.number, outbox.url, outbox.host, coalesce(source_url, target.url), columns,"
                " outbox.redirects, outbox.attempts FROM outbox JOIN target ON target.number = outbox.number"
                " ORDER BY outbox.number"
            ).fetchall()
            return [_target(row) for row in rows]

    def delivered(self, numbers: Iterable[int]) -> None:
        """Remove targets from the outbox, after other shards have taken them over."""
        with self._writing():
            self._connection.executemany("DELETE FROM outbox WHERE number = ?", ((n,) for n in numbers))

    def files(self) -> dict[str, int]:
        """Return the committed length in bytes of each output file, by its name relative to the output folder."""
        with self._reading():
            return dict(self._connection.execute("SELECT name, length FROM file ORDER BY name").fetchall())

    def counts(self) -> StoreCounts:
        """Return the targets by state."""
        with self._reading():
            rows = self._connection.execute(
                "SELECT name, n FROM tally WHERE n > 0 UNION ALL SELECT 'undelivered', count(*) FROM outbox"
            ).fetchall()
            tally: dict[str, int] = dict(rows)
            undelivered = tally.pop("undelivered", 0)
            return StoreCounts(
                tally.pop("pending", 0) + undelivered,
                undelivered,
                tally.pop("handed_over", 0),
                {Verdict(name): n for name, n in tally.items()},
            )

    def blame(self) -> dict[int, Verdict]:
        """Return the pending targets that must not be parsed again, with the verdict on their pages."""
        with self._reading():
            rows = self._connection.execute(
                "SELECT number, blame FROM target WHERE blame IS NOT NULL AND state = 0"
            ).fetchall()
            return {number: Verdict(verdict) for number, verdict in rows}

    def set_blame(self, number: int, verdict: Verdict) -> None:
        """Record that a target's page killed the parser or made it hang."""
        with self._writing():
            self._connection.execute("UPDATE target SET blame = ? WHERE number = ?", (verdict, number))

    def requeue_failed(
        self,
        *,
        verdicts: Collection[Verdict] | None = None,
        files: Mapping[str, int] | None = None,
        removed: Iterable[str] = (),
    ) -> int:
        """Make finished targets pending again and switch to new result files, in one transaction; return their number.

        `verdicts` are those to requeue, by default all that count as failed. `files` are the committed lengths of the
        new files, which no longer contain these targets; `removed` are the names of the files that they replace.
        """
        chosen = [verdict for verdict in Verdict if verdict.failed] if verdicts is None else list(verdicts)
        marks = ", ".join("?" * len(chosen))
        execute = self._connection.execute
        with self._writing():
            rows = execute(
                f"SELECT verdict, count(*) FROM target WHERE state = 1 AND verdict IN ({marks})"  # noqa: S608 – question marks alone are put in
                " GROUP BY verdict",
                chosen,
            ).fetchall()
            execute(
                "UPDATE target SET state = 0, verdict = NULL, blame = NULL, attempts = 0"  # noqa: S608 – the same
                f" WHERE state = 1 AND verdict IN ({marks})",
                chosen,
            )
            execute(
                "UPDATE host SET (pending, first) = (SELECT count(*), coalesce(min(sequence), 0) FROM target"
                " WHERE target.host = host.id AND state = 0)"
            )
            total = sum(int(n) for _, n in rows)
            self._count({**{verdict: -n for verdict, n in rows}, "pending": total})
            self._connection.executemany("DELETE FROM file WHERE name = ?", ((name,) for name in removed))
            self._record_lengths(files or {})
        return total

    def _record_lengths(self, files: Mapping[str, int]) -> None:
        self._connection.executemany(
            "INSERT INTO file (name, length) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET length = excluded.length",
            files.items(),
        )

    def _last_sequence(self) -> int:
        return int(self._connection.execute("SELECT coalesce(max(sequence), 0) FROM target").fetchone()[0])

    def _host_id(self, name: str) -> int:
        """Return the row number of a host; insert it if it is missing."""
        if (known := self._host_ids.get(name)) is not None:
            return known
        self._connection.execute("INSERT INTO host (name) VALUES (?) ON CONFLICT DO NOTHING", (name,))
        (number,) = self._connection.execute("SELECT id FROM host WHERE name = ?", (name,)).fetchone()
        if len(self._host_ids) >= _MOST_HOST_IDS:
            self._host_ids.clear()
        self._host_ids[name] = number
        return int(number)

    def _queue(self, added: Mapping[int, Sequence[int]]) -> None:
        """Count new pending targets: by host, how many, and the sequence of the first."""
        self._connection.executemany(
            "UPDATE host SET first = CASE pending WHEN 0 THEN ? ELSE first END, pending = pending + ? WHERE id = ?",
            ((first, n, host) for host, (n, first) in added.items()),
        )
        self._count({"pending": sum(n for n, _ in added.values())})

    def _count(self, changes: Mapping[str, int]) -> None:
        self._connection.executemany(
            "INSERT INTO tally (name, n) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET n = n + excluded.n",
            changes.items(),
        )

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with translate_errors(self.path):
            try:
                yield
            except (ValueError, TypeError) as error:  # a value that this program does not write
                why = clean(str(error))
                raise StoreError(Phrase("store_damaged", path=shown(self.path), why=why)) from error

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            with translate_errors(self.path), transaction(self._connection):
                yield
        except BaseException as error:
            self._host_ids.clear()  # the rows of new hosts are rolled back
            if isinstance(error.__cause__, sqlite3.IntegrityError) and "target.number" in str(
                error.__cause__
            ):
                raise StoreError(Phrase("store_input_changed", path=shown(self.path))) from error
            raise


def deliver(store: ShardStore, receiver: Callable[[str], ShardStore]) -> int:
    """Hand the targets in a store's outbox over to other shards; return their number.

    `receiver` returns the open store of the shard that a host belongs to. Call this after `finish`, and once when a
    store is opened: a kill may have left targets in the outbox.
    """
    waiting = store.outbox()
    receivers: dict[int, tuple[ShardStore, list[Target]]] = {}
    for target in waiting:
        other = receiver(target.host)
        receivers.setdefault(id(other), (other, []))[1].append(target)
    for other, targets in receivers.values():
        other.take_over(targets)
    if waiting:
        store.delivered(target.number for target in waiting)
    return len(waiting)


def _digest(url: str) -> bytes:
    return hashlib.blake2b(url.encode(), digest_size=16).digest()


def _packed(columns: Mapping[str, str]) -> str | None:
    return json.dumps(dict(columns), ensure_ascii=False) if columns else None


def _target(row: tuple[int, str, str, str | None, str | None, int, int]) -> Target:
    number, url, host, source_url, columns, redirects, attempts = row
    return Target(
        number, url, host, url if source_url is None else source_url,
        {} if columns is None else json.loads(columns), redirects, attempts,
    )  # fmt: skip
