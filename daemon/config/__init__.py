"""Configuration: every setting and its default (`settings`), YAML to values (`loader`, `inventory`), `reload`."""
