"""Modules that the reports of a search and of the history share."""
