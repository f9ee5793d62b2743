"""Analyse the observed prices of a product: pure functions without storage."""
