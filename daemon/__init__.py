"""Ringkeeper keeps a fleet of SIP desk phones provisioned, reachable and accounted for.

Run it as `ringkeeper` or `python -m daemon`, never as a file inside this folder: `daemon/http` would then
shadow the standard library's `http`. The map of this package is `docs/architecture.md`.
"""

__version__ = "0.4.0"
