"""Operations on many phones: what was ordered, how far each phone is, who is next, and what proves it."""
