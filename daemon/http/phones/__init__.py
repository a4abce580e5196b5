"""The phones' listener: what they report, which files they fetch, and who is believed. `app` is the way in."""
