"""`python -m harness.cli`: the same as `bench`."""

from harness.cli.main import main

# Worker processes import the main module again.
if __name__ == "__main__":
    main()
