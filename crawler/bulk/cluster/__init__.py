"""Crawl on the workers of a running Dask scheduler; the only modules that know Dask (extra `cluster`).

    with Cluster.connect("tcp://10.0.0.1:8786") as cluster:
        group = ClusterGroup(options, cluster, output, …)       # in place of the ProcessGroup of one machine

The coordinator keeps all state. It sends batches of a shard's targets as tasks, one batch of a shard at a time, to the
same worker while that lives: there a process of the shard keeps connections and the limits of its hosts. Which worker
gets a batch is decided here and not by Dask, because workers with another version must get none.
"""

from __future__ import annotations

from crawler.bulk.cluster.connection import Cluster, ClusterError
from crawler.bulk.cluster.group import ClusterGroup

__all__ = ["Cluster", "ClusterError", "ClusterGroup"]
