"""SIP over UDP, TCP and TLS: pure parsing and rules in small files, the sockets in few. Knows no fleet rules.

`endpoint` is the way in: answers to our pings go to `pinger`, everything else to `intake` and from there to `uas`.
Pure: messages (`parser`, `stream`, `message`, `grammar`, `uri`), what is answered (`refusals`, `registrar`, `publish`
and what they ask), what we send (`options`, `notify`), who waits for what (`probes`, `transactions`, `resyncs`), where
a name leads (`locate`). Edges: `flow` and `mmsg` (UDP), `connections` and what stands beside it (TCP, TLS), `locator`
and `resolver` (DNS), `prober` (`/probe`). The picture is in `docs/architecture.md`.
"""
