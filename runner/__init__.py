"""Run a trading strategy: embedded, against a Backtest Engine, or against a Trading Gateway."""

__version__ = "0.1.0"
