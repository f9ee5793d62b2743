"""Parse pages in a pool of processes, in threads where no process may start, or in an executor of the caller."""
