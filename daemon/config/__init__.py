"""Configuration: every setting with its default (`settings`), YAML to settings (`loader`, `inventory`), reload (`reload`)."""
