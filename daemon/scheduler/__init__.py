"""Time, and nothing about phones: deadlines, pacing, the clock, and the one loop that sleeps."""
