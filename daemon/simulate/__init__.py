"""Simulated phones that talk to a daemon over real sockets; the demo and the load tests use them."""
