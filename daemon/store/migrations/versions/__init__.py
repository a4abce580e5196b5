"""One file per change of the schema, numbered; what is released is never edited, only followed."""
