"""The command `bench`, which is `python -m harness.cli` too."""

import os
import sys

from harness.settings import SAME_HASHES

_TRAINING = frozenset({"run", "tune", "audit", "reproduce", "publish"})


def bench() -> None:
    """Run the command line; what trains, in a Python that draws no hashes.

    From such a process the nursery of methods can be forked, which is sooner than a Python of its
    own (harness/apart/nursery.py).
    """
    begun_anew = SAME_HASHES.items() <= os.environ.items()
    if not begun_anew and _TRAINING & set(sys.argv[1:2]):
        arguments = [sys.executable, *sys.orig_argv[1:]]
        os.execve(sys.executable, arguments, os.environ | SAME_HASHES)  # noqa: S606 - itself
    from harness.cli.main import main

    main()


# Worker processes import the main module again.
if __name__ == "__main__":
    bench()
