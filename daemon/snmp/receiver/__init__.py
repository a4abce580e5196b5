"""Traps and informs of others: who is believed, and what they mean."""
