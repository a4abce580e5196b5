"""The command line: one file per command, each a thin caller of what does the work."""
