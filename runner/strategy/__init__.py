"""What a strategy is written against: its base class, tickets, indicators, parameters and books."""
