"""The core's own training loop: methods bring a loss, everything else is fixed here.

`TRAINING_SEMANTICS` is raised by hand whenever a change alters what a run computes; a golden
run in the tests fails when a change forgets to.

2: what the network draws at random (dropout in a trunk) comes from a stream of its own, which no
method shares; with 1 it came from the one that a method draws from too. Networks that draw nothing
compute the same under both.
"""

TRAINING_SEMANTICS = 2
