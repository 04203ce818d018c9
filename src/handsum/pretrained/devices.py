"""Where JAX computes, or a reason in words why it cannot."""

from __future__ import annotations

import os

from handsum.errors import HandsumError


def default_platform() -> str:
    """Where JAX computes: "cpu", "gpu" or "tpu".

    Raises:
        HandsumError: JAX finds no device, or cannot be imported.
    """
    try:
        import jax

        return jax.default_backend()
    except Exception as error:  # a driver's failure may be of any class
        raise HandsumError(_explain(error)) from error


def _explain(error: Exception) -> str:
    # JAX appends advice in parentheses, which leaves out the CPU; an assertion has no text at all.
    reason = str(error).strip().partition("\n")[0].partition(" (set JAX_PLATFORMS")[0].rstrip(".")
    because = f" ({reason})" if reason else ""
    wanted = os.environ.get("JAX_PLATFORMS")
    if not wanted:
        return f"JAX finds no device{because}: set JAX_PLATFORMS=cpu, or repair the driver"
    return (
        f"JAX finds no device for JAX_PLATFORMS={wanted}{because}: set JAX_PLATFORMS=cpu, or "
        "install what this device needs (handsum doctor lists the extras)"
    )
