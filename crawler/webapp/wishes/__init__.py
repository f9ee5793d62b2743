"""Wish lists: the books that somebody wants, and the cheapest and the best offer of each.

reading    titles, ISBNs or a CSV file as wishes
matching   how sure it is that a book is the one wished for
searching  search for each wish, and sum up
"""
