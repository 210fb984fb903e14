"""File formats: bytes in, arrays out, and one line for what is wrong with a file."""
