"""How the daemon shows itself: logs, metrics, systemd notification, watchdog."""
