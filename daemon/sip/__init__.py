"""SIP over UDP: pure parsing and rules in small files, the socket in `endpoint`. Knows no fleet rules."""
