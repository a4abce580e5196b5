"""Servers of others whose registrations we learn: Asterisk over AMI, Kamailio over JSON-RPC.

Pure: `ami_protocol` (bytes to packets), `ami_session` (the conversation), `ami_contacts` (what a packet says of a
contact), `usrloc` (a dump's text to contacts), `sightings` (what all of them say, and the contact it becomes). Edges:
`ami`, `kamailio`, `telling`, `connectors`.
"""
