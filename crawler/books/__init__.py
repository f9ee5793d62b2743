"""Books out of listings, without any I/O: which listings count (`selection`), and in what order (`ranking`)."""
