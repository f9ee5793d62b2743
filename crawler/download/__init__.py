"""Requests and answers: knows hosts, bytes and time, and nothing of books."""
