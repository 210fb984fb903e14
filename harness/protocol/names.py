"""The protocol that `bench run` uses unless told otherwise."""

DEFAULT_PROTOCOL = "reality-check-small"
