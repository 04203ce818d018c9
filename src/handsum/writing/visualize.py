"""`visualize`: follow one digit, or one sequence, through the stages of a generator."""

from __future__ import annotations

import itertools
import re
from os import PathLike
from typing import Any

import numpy as np

from handsum.arguments import hand_name, model_name, optional_number
from handsum.errors import UsageError
from handsum.pretrained.snapshots import FLAX_LOCK
from handsum.seeds import choose_seed
from handsum.writing.stages import ForwardPass, GeneratorStage

DEFAULT_LENGTH = 5


def visualize(
    number: int | str | None = None,
    *,
    model: str | PathLike[str] | None = None,
    length: int | None = None,
    writer: int | str | None = None,
    seed: int | None = None,
) -> ForwardPass:
    """Record every stage of one forward pass through a generator.

    `number` is a digit, such as 7 or "7"; for a model that plans sequences the total (of `length`
    digits, by default 5); for a model that draws random digits None. The digit is the first one
    that `generate` draws with the same seed, in the same hand. The feature maps of a sequence are
    those of its first digit.

    Raises:
        UsageError: no such digit, total, writer or model, or a model that cannot do it.
    """
    from handsum.models.registry import DEFAULT_GENERATOR
    from handsum.pretrained.load import draws_sequences, load_network

    if isinstance(number, str) and re.fullmatch("[0-9]{1,18}", number):
        number = int(number)
    number = optional_number(number, "a digit or a total")
    length = optional_number(length, "a length")
    name, hand, seed = model_name(model) or DEFAULT_GENERATOR, hand_name(writer), choose_seed(seed)
    if draws_sequences(name):
        if writer is not None:
            raise UsageError(f"{name} knows no writers: leave out the writer")
        length = DEFAULT_LENGTH if length is None else length
        return _follow_sequence(load_network(name), name, number, length, seed)
    if length is not None:
        raise UsageError(f"{name} draws single digits: leave out the length")
    return _follow_digit(load_network(name), name, number, hand, seed)


def _follow_digit(
    network: Any, name: str, number: int | None, writer: int | str | None, seed: int
) -> ForwardPass:
    import jax.numpy as jnp

    from handsum.models.inference import draw_latents
    from handsum.pretrained.load import load_generator
    from handsum.writing.hands import choose_hands

    generator = load_generator(name)
    if number is None and generator.conditional:
        raise UsageError(f"which digit? {generator.name} draws the digits 0 to 9")
    if number is not None:
        generator.check_classes("leave out the digit")
        if not 0 <= number <= 9:
            raise UsageError(f"{number} is no digit: {generator.name} draws the digits 0 to 9")
    hands = choose_hands(generator, writer, 1, seed)
    inputs = jnp.asarray(hands.inputs, jnp.float32 if hands.inputs.ndim == 2 else jnp.int32)
    zero = jnp.zeros(1, jnp.int32)
    latents = draw_latents(network, jnp.uint32(seed), zero, zero)
    image, outputs = _layer_outputs(network, latents, zero + (number or 0), inputs)
    stages = [GeneratorStage("latents", np.asarray(latents[0]))]
    if number is not None:
        stages.insert(0, GeneratorStage("condition", np.eye(10)[number]))
    stages += [GeneratorStage(path, np.asarray(output)[0]) for path, output in outputs]
    stages.append(GeneratorStage("image", np.asarray(image[0])))
    digits = None if number is None else str(number)
    hand = (hands.name or str(hands.writers[0])) if generator.writers > 1 else None
    return ForwardPass(tuple(stages), generator.name, seed, digits, writer=hand)


def _follow_sequence(
    network: Any, name: str, total: int | None, length: int, seed: int
) -> ForwardPass:
    import jax
    import jax.numpy as jnp

    from handsum.models.inference import draw_keys
    from handsum.sums import check_total

    if total is None:
        raise UsageError(f"which total? {name} draws sequences that sum to one")
    if not 1 <= length <= network.longest:
        raise UsageError(f"{name} was trained for lengths from 1 to {network.longest}")
    check_total(total, length)
    zero = jnp.zeros(1, jnp.int32)
    noise = jax.vmap(network.noise)(draw_keys(jnp.uint32(seed), zero, zero))
    (images, digits), outputs = _layer_outputs(network, noise, zero + total, zero + length)
    stages = [GeneratorStage("condition", np.array([total, length], float))]
    stages += [
        GeneratorStage(f"latents: {part}", np.asarray(rows[0])) for part, rows in noise.items()
    ]
    # A layer that runs once shows the first digit; one that runs at every position shows them all.
    calls: dict[str, list[np.ndarray]] = {}
    for path, output in outputs:
        calls.setdefault(path, []).append(np.asarray(output)[0])
    layers = [
        GeneratorStage(path, called[0] if len(called) == 1 else np.stack(called[:length]))
        for path, called in calls.items()
    ]
    chosen = np.asarray(digits[0, :length])
    # The digits are chosen after the planning and before the drawing.
    planning = sum(stage.name.startswith("planner/") for stage in layers)
    layers.insert(planning, GeneratorStage("chosen digits", np.eye(10)[chosen]))
    stages += layers
    strip = np.concatenate(list(np.asarray(images[0, :length])), axis=1)
    stages.append(GeneratorStage("image", strip))
    return ForwardPass(tuple(stages), name, seed, "".join(map(str, chosen)), total)


def _layer_outputs(network: Any, *arguments: Any) -> tuple[Any, list[tuple[str, Any]]]:
    """Call a network; return its result, and the path and output of each layer in call order."""
    from flax import nnx

    from handsum.layers import ConditionalNorm, TransposedConvolution
    from handsum.layers.batch_norm import BatchNorm
    from handsum.layers.planning import Positions

    calls = itertools.count()

    class Ordered(nnx.Intermediate):
        """Outputs of one method of one module, each with its place in the order of all calls."""

        def __setitem__(self, method: Any, outputs: Any) -> None:
            *before, output = outputs
            super().__setitem__(method, (*before, (next(calls), output)))

    with FLAX_LOCK:
        result, captured = nnx.capture(network, Ordered, method_outputs=Ordered)(*arguments)
    types = (
        nnx.Linear, nnx.Conv, nnx.Embed, BatchNorm, ConditionalNorm, TransposedConvolution,
        Positions,
    )  # fmt: skip
    layers = {path for path, module in nnx.iter_modules(network) if isinstance(module, types)}
    outputs = []
    for (*parts, method), variable in nnx.to_flat_state(captured):
        path = tuple(parts)
        # A layer inside a layer is not a stage of its own.
        inside = any(path[:depth] in layers for depth in range(len(path)))
        if method == "__call__" and path in layers and not inside:
            name = "/".join(map(str, path))
            outputs += [(order, name, output) for order, output in variable.get_value()]
    return result, [(name, output) for _, name, output in sorted(outputs, key=lambda one: one[0])]
