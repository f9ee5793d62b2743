"""Prices over time: what runs saw is kept in one SQLite file, and what follows from it is worked out.

observations   what one run saw, as values
schema         the file's tables, and how an older file is brought up to date
store          the file: record a run, read the past of products
prices         pure: lowest ever, medians, changes, raised then cut
looking_back   a finished search recorded, and its books told of their past
"""
