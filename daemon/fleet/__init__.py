"""The fleet: nouns, events, commands, and the pure rules that turn one into the other.

`fleet` is the way in; its table says which `*_events` module handles which event. Whatever is pinged is a `target`:
a `device`, or a `connection`. When it is pinged stands in `qualify`, what an answer or a miss does to it in
`reachability`, what follows from that in `consequences`.
"""
