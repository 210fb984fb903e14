"""From a plan to Records: which runs there are, and one run from its seed to its Record."""
