"""The embedded engine: an exchange over historical candles, and the server that puts it on a wire."""
