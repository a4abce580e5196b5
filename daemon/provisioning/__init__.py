"""What file a phone gets: zero touch, templates, placeholders, rendering, first contact. Pure."""
