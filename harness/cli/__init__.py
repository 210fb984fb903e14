"""The command line: one module a command; heavy packages are imported inside the commands."""
