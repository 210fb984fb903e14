"""What trunks for images ask of their inputs."""

from __future__ import annotations

from harness.errors import UserError


def require_image(input_shape: tuple[int, ...]) -> int:
    """The channels of images of shape (C, H, W); UserError for inputs that are no images."""
    if len(input_shape) != 3:
        raise UserError(
            f"this backbone needs images, not vectors of {input_shape[0]} numbers: "
            "use mlp or linear"
        )
    return input_shape[0]
