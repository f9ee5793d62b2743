"""Crawl long lists of URLs: bounded, resumable, in several processes or on a Dask cluster."""
