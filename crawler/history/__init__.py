"""Prices over time: what runs saw is kept in one SQLite file, and what follows from it is worked out.

observations   what one run saw, as values
schema         the file's tables, and how an older file is brought up to date
store          the file: record a run, read the past of products
prices         pure: lowest ever, medians, changes, raised then cut
looking_back   a finished search recorded, and its books told of their past
reading        the file opened to look at alone
deals          which products of a search are cheap by their own past
spells         runs in which nothing changed, as one
views          what there is to see in it, for a report
exporting      written out, run by run, with nothing lost
importing      taken in again
maintenance    old observations taken out
moments        times and amounts as the file has them
"""
