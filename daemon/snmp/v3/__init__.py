"""SNMPv3: users and their keys, messages, and the engines on both sides."""
