"""What observations say about the price of a product: pure functions, no store."""
