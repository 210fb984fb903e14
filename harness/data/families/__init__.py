"""One module for each family of published datasets: a table of files, and a reader."""
