"""What processes of plugins may open and reach: little, where the kernel can say so.

By Landlock and seccomp, without rights that the benchmark would have to have. `--sandbox` asks for
it and `--no-sandbox` for none; by default it is there where the kernel has it and runs are trained
on the processor.
"""

from harness.sandbox.choice import (
    absent,
    choose,
    described,
    fences_observers,
    in_force,
    lacking,
    require,
)
from harness.sandbox.fence import (
    Allowed,
    Fence,
    inside,
    listing_fence,
    one_line,
    readable,
    running_fence,
    weight_caches,
)

__all__ = [
    "Allowed",
    "Fence",
    "absent",
    "choose",
    "described",
    "fences_observers",
    "in_force",
    "inside",
    "lacking",
    "listing_fence",
    "one_line",
    "readable",
    "require",
    "running_fence",
    "weight_caches",
]
