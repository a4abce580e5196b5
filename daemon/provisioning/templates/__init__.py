"""Templates: what one is, its two written forms, the shelf they stand on, and what is put into them. Pure."""
