"""The core's own training loop: methods bring a loss, everything else is fixed here.

`TRAINING_SEMANTICS` is raised by hand whenever a change alters what a run computes; a golden
run in the tests fails when a change forgets to.
"""

TRAINING_SEMANTICS = 1
