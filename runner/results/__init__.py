"""What a run amounts to: statistics, the result as plain values, and its two forms of output."""
