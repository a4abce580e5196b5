"""The operators' pages: rendered here, refreshed by one small script, whole without it."""
