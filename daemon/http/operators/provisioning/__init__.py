"""The operators' routes about what phones get: templates, values, files, firmware, first contact, previews."""
