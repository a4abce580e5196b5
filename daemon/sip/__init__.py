"""SIP over UDP, TCP and TLS: pure parsing and rules in small files, the sockets in few. Knows no fleet rules."""
