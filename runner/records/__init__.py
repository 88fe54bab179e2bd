"""Records: what every run leaves behind, and how it is found, compared and run again.

`files` and `shelf` know the places on disk, `holding` tells a run that goes on from one that died,
`recording` and `tape` write while a run goes on, `reading` gives it back, `index` finds it,
`difference` compares two, `export` and `retention` do what they say, `digest` says which runs must
give the same result. May import the floors below; the configuration reaches it as plain values.
Nothing here is called for an event, unless every event is to be kept.
"""
