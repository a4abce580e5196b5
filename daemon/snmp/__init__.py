"""SNMP notifications: object identifiers, varbinds, encoding, and the sender that empties the outbox."""
