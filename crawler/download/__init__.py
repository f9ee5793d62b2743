"""Send requests and receive responses. This package handles hosts, bytes and time; it does not know about books."""
