"""Users and devices on their way in and out as tables: CSV, and ZIP with the phones' own lines. Pure."""
