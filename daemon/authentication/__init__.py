"""Digest credentials and nonces, which SIP and HTTP share. Pure; whose word counts is decided where it arrives."""
