"""Record runs: a journal during the run, an archive afterwards, and the readers of both."""
