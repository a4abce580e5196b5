"""Makers of phones, a module each: how their phones name themselves, what they ask for and how they are told."""
