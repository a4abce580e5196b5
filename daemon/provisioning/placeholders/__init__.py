"""Placeholders: which there are, what each is worth to whom, and filling them in. Pure."""
