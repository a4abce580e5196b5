"""Non-INVITE transactions (RFC 3261 section 17): what makes up for a network that loses and repeats. Pure, no sockets.

The three times that all their timers are made of stand here, in seconds (section 17.1.1.1 and table 4). Over a stream
nothing is repeated and nobody lingers, since the stream itself neither loses nor repeats.
"""

from __future__ import annotations

T1 = 0.5  # a round trip, estimated
T2 = 4.0  # the longest pause between two transmissions of a request
T4 = 5.0  # how long a message may wander about in the network

UNRELIABLE = "udp"  # the one transport that is no stream
