"""Where pages are parsed: a pool of processes, threads where no process may start, or an executor handed in."""
