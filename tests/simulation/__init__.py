"""The simulator: seeded runs in which everything that can go wrong does, held against invariants.

`scenario` draws a market, a plan of trading and a list of faults from a seed; `peers` are the two
kinds of peer, over a real exchange; `world` plays network and peer to a real session and writes a
`history`; `invariants` are pure functions over that history; `shrinking` makes a failing list of
faults short; `planted` holds bugs that the invariants must find.

`wire` does the same to the whole program: driver, WebSocket, REST and engine server, all of them
real, on a network (`net`, `sockets`, `pipes`) and a clock (`virtual_time`) that exist in memory
only; `weather` draws and carries out what goes wrong there, `tap` writes down what passes,
`wire_invariants` judge it. `live` is the same against a gateway (`venue`), with a journal, by a
process that may be killed; `live_checking` judges that.

Nothing here may use a clock or unseeded chance: the same seed gives the same run, always.
"""
