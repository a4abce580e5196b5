"""Configuration: settings and their defaults, YAML to values with every fault placed, the inventory, reloads."""
