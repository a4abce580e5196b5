"""Notifications on their way: what they say, their bytes, and the sender that empties the outbox."""
