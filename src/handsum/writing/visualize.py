"""`visualize`: follow one digit, or one sequence, through the stages of a generator."""

from __future__ import annotations

import re
from os import PathLike

import numpy as np

from handsum.arguments import hand_name, model_name, optional_number
from handsum.errors import UsageError
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
    from handsum.pretrained.load import draws_sequences

    if isinstance(number, str) and re.fullmatch("[0-9]{1,18}", number):
        number = int(number)
    number = optional_number(number, "a digit or a total")
    length = optional_number(length, "a length")
    name, hand, seed = model_name(model) or DEFAULT_GENERATOR, hand_name(writer), choose_seed(seed)
    if draws_sequences(name):
        if writer is not None:
            raise UsageError(f"{name} knows no writers: leave out the writer")
        return _follow_sequence(name, number, DEFAULT_LENGTH if length is None else length, seed)
    if length is not None:
        raise UsageError(f"{name} draws single digits: leave out the length")
    return _follow_digit(name, number, hand, seed)


def _follow_digit(
    name: str, number: int | None, writer: int | str | None, seed: int
) -> ForwardPass:
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
    outputs = generator.stages(number or 0, hands.inputs, seed=seed)
    stages = [GeneratorStage("latents", outputs.others["latents"])]
    if number is not None:
        stages.insert(0, GeneratorStage("condition", np.eye(10)[number]))
    stages += [GeneratorStage(path, output) for path, output in outputs.layers]
    stages.append(GeneratorStage("image", outputs.others["image"]))
    digits = None if number is None else str(number)
    hand = (hands.name or str(hands.writers[0])) if generator.writers > 1 else None
    return ForwardPass(tuple(stages), generator.name, seed, digits, writer=hand)


def _follow_sequence(name: str, total: int | None, length: int, seed: int) -> ForwardPass:
    from handsum.pretrained.load import load_sequence_generator
    from handsum.sums import check_total

    generator = load_sequence_generator(name)
    if total is None:
        raise UsageError(f"which total? {name} draws sequences that sum to one")
    if not 1 <= length <= generator.longest:
        raise UsageError(f"{name} was trained for lengths from 1 to {generator.longest}")
    check_total(total, length)
    outputs = generator.stages(total, length, seed=seed)
    stages = [GeneratorStage("condition of a sequence", np.array([total, length], float))]
    stages += [
        GeneratorStage(f"latents: {part.partition('/')[2]}", outputs.others[part])
        for part in sorted(outputs.others)
        if part.startswith("noise/")
    ]
    # A layer that runs once shows the first digit; one that runs at every position shows them all.
    calls: dict[str, list[np.ndarray]] = {}
    for path, output in outputs.layers:
        calls.setdefault(path, []).append(output)
    layers = [
        GeneratorStage(path, called[0] if len(called) == 1 else np.stack(called[:length]))
        for path, called in calls.items()
    ]
    chosen = outputs.others["digits"][:length]
    # The digits are chosen after the planning and before the drawing.
    planning = sum(stage.name.startswith("planner/") for stage in layers)
    layers.insert(planning, GeneratorStage("chosen digits", np.eye(10)[chosen]))
    stages += layers
    strip = np.concatenate(list(outputs.others["image"][:length]), axis=1)
    stages.append(GeneratorStage("image", strip))
    return ForwardPass(tuple(stages), name, seed, "".join(map(str, chosen)), total)
