"""Where alarms go besides SNMP managers: mail, syslog, webhooks, Alertmanagers, and whatever apprise speaks."""
