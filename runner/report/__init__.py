"""The report of a run: one page that works without a network, or Markdown.

`analysis` computes what only a report shows, `figures` describes the charts, `page` puts all of it
into one file. May import results, the engine's series and, when a page is made, plotly.
"""
