"""Published datasets: what files they are of, where those lie, and whether they are whole."""
