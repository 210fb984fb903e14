"""The report: one HTML page on a leaderboard, without a server or a network."""
