"""`python -m harness.cli`: the same as `bench`."""

from harness.cli.main import main

main()
