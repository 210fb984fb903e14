"""The gate: the verdict on a new leaderboard against a recorded one. Nothing here knows torch."""
