"""What is shown while a run is going on. It reads snapshots; no event ever waits for it."""
