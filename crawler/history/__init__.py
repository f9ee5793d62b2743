"""Prices over time: store what runs saw in one SQLite file, and derive price histories from it.

observations   a finished search as the observations of a run
schema         the tables of the file, and the migrations of older files
store          the file: record a run, read the past of products
recording      records a search and attaches price history to its books
reading        opens the file read-only
opening        checks that a file is a genuine history before using it
ranking_sql    orders the products of a search by their own past
view_models    the values that a report shows
exporting      writes everything out, run by run
importing      reads an export back in
maintenance    prunes old observations
units          times and amounts as the file stores them
"""
