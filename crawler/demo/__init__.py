"""The embedded demo shop: a real HTTP server that answers as Dangdang does, with made-up books."""
