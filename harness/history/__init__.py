"""History: boards over time, and where a method changed. Knows no torch."""
