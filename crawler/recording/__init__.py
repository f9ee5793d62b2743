"""What a run keeps of itself: a journal while it lives, an archive afterwards, and the way back from either."""
