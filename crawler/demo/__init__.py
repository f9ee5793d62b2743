"""The embedded demo shop: a real HTTP server that imitates Dangdang with invented books."""
