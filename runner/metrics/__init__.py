"""What a run tells programs that watch it: figures for Prometheus, and whether it is well.

`reading` looks at the run from another thread and leaves no trace, `figures` is the table of what
is told, `exposition` writes it as Prometheus reads it, `health` judges. May import the session, the
strategy's desk and the transports. Nothing here is ever called by the run itself: a scrape costs
the run what it costs to look, and a run that nobody scrapes costs nothing.
"""
