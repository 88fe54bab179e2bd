"""The embedded engine: an exchange over historical candles, and a server that puts it on a wire."""
