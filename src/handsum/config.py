"""Settings of a training run: frozen dataclasses of plain values, each bound at its field."""

from __future__ import annotations

import dataclasses
import math
import operator
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, TypeVar

from handsum.errors import UsageError, did_you_mean

AnyConfig = TypeVar("AnyConfig", bound="TrainingConfig")

_LARGEST = 2**31 - 1


@dataclasses.dataclass(frozen=True)
class Bounds:
    """The numbers that a setting accepts: finite, from `least` to `most`, and less than `below`.

    `multiple` is a whole number that divides them.
    """

    least: float = 0
    most: float = math.inf
    below: float = math.inf
    multiple: int = 1

    def check(self, name: str, value: float) -> None:
        """Raise UsageError if the setting `name` does not accept this value."""
        if isinstance(value, int) and value < self.least:
            raise UsageError(f"{name} must be at least {self.least:g}, not {value}")
        if not self.least <= value < math.inf:
            raise UsageError(f"{name} must be a number of {self.least:g} or more, not {value}")
        if value >= self.below:
            raise UsageError(f"{name} must be below {self.below:g}, not {value}")
        if value > self.most:
            raise UsageError(f"{name} must be at most {self.most:,}, not {value}")
        if self.multiple != 1 and value % self.multiple:
            wanted = "even" if self.multiple == 2 else f"a multiple of {self.multiple}"
            raise UsageError(f"{name} must be {wanted}, not {value}")


class FromData:
    """Marks a setting that a run takes from its data set and nobody chooses."""


Count = Annotated[int, Bounds(1, _LARGEST)]
CountOrZero = Annotated[int, Bounds(0, _LARGEST)]
# Sequences come in pairs, whose lengths add up to the same.
EvenCount = Annotated[int, Bounds(1, _LARGEST, multiple=2)]
SequenceLength = Annotated[int, Bounds(2, _LARGEST)]
# A share of a whole that must leave something, such as a rate of dropout or decay.
Share = Annotated[float, Bounds(0, below=1)]
# A weight, a rate or a size, without an upper bound.
Amount = Annotated[float, Bounds(0)]
Seed = Annotated[int, Bounds(0, 2**32 - 1)]
WriterCount = Annotated[int, Bounds(1, _LARGEST), FromData]


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """The settings of every training run; a model's own configuration adds fields.

    The learning rate rises linearly over `warmup_steps`, then falls to `final_learning_rate` along
    a half cosine that ends at `steps`. `restart` is the share of the steps, at the end, that start
    again at `restart_rate` and fall along a half cosine of their own (one warm restart of
    Loshchilov and Hutter, "SGDR", 2017). No moving average is kept if `ema_decay` is 0.
    """

    steps: Count = 10_000
    batch_size: Count = 128
    learning_rate: Amount = 1e-3
    final_learning_rate: Amount = 0.0
    warmup_steps: CountOrZero = 200
    restart: Share = 0.0
    restart_rate: Amount = 1e-4
    beta1: Share = 0.9
    beta2: Share = 0.999
    weight_decay: Amount = 0.0
    ema_decay: Share = 0.0
    seed: Seed = 0

    @property
    def restart_step(self) -> int:
        """The first step of the restart; `steps` if there is none."""
        return self.steps - int(self.restart * self.steps)

    def check(self, chosen: Iterable[str]) -> None:
        """Raise UsageError if the settings that a person chose, by name, contradict one another."""


def field_types(config: type[TrainingConfig]) -> dict[str, Any]:
    """The type of each field, with its bounds."""
    return typing.get_type_hints(config, include_extras=True)


def replace(config: AnyConfig, changes: Mapping[str, Any]) -> AnyConfig:
    """A copy of `config` with `changes`, each of its field's type and within its bounds.

    Raises:
        UsageError: an unknown field (lists the valid ones), a value of another type, or one that
            is out of bounds.
    """
    hints = field_types(type(config))
    _check_names(hints, changes)
    checked = {name: _checked(name, value, hints[name]) for name, value in changes.items()}
    for name, value in checked.items():
        length = len(getattr(config, name)) if isinstance(value, tuple) else 0
        if isinstance(value, tuple) and len(value) != length:
            raise UsageError(f"{name} takes {length} numbers, not {len(value)}")
    return dataclasses.replace(config, **checked)


def parse_settings(config: TrainingConfig, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings that a person chose: texts become values of their field's type.

    Raises:
        UsageError: an unknown setting, one that the data set decides, or a text that is not of its
            field's type.
    """
    hints = field_types(type(config))
    _check_names(hints, settings)
    for name in settings:
        if FromData in _parts(hints[name])[1]:
            raise UsageError(f"{name} is set from the data set: leave it out")
    return {
        name: _parse(name, value.strip(), hints[name]) if isinstance(value, str) else value
        for name, value in settings.items()
    }


def as_dict(config: TrainingConfig) -> dict[str, Any]:
    """The configuration as JSON values, which `from_dict` reads."""
    return dataclasses.asdict(config)


def from_dict(config: type[AnyConfig], values: Mapping[str, Any]) -> AnyConfig:
    """The configuration that `as_dict` wrote.

    Raises:
        UsageError: a setting that this version does not know, a value of another type, or one that
            is out of bounds.
    """
    return replace(config(), values)


def _check_names(hints: Mapping[str, Any], names: Iterable[str]) -> None:
    for name in names:
        if name not in hints:
            hint = did_you_mean(name, hints)
            raise UsageError(f"no setting {name!r}: {hint}valid are {', '.join(sorted(hints))}")


def _parts(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """The plain type of a field, and its bounds and marks."""
    if typing.get_origin(hint) is Annotated:
        plain, *marks = typing.get_args(hint)
        return plain, tuple(marks)
    return hint, ()


def _parse(name: str, text: str, hint: Any) -> Any:
    plain, _ = _parts(hint)
    if isinstance(plain, types.GenericAlias):  # tuple[int, ...]
        item = typing.get_args(plain)[0]
        return tuple(_parse(name, part.strip(), item) for part in text.split(",") if part.strip())
    if typing.get_origin(plain) is typing.Literal:
        return text
    if plain is bool:
        if text.lower() in {"true", "false"}:
            return text.lower() == "true"
        raise UsageError(f"{name} is true or false, not {text!r}")
    try:
        return plain(text)
    except ValueError:
        raise UsageError(f"{name} is of type {plain.__name__}, and {text!r} is not") from None


def _checked(name: str, value: Any, hint: Any) -> Any:
    """The value as its field's type.

    Raises:
        UsageError: it is of another type, or out of bounds.
    """
    plain, marks = _parts(hint)
    if isinstance(plain, types.GenericAlias) and isinstance(value, tuple | list):
        item = typing.get_args(plain)[0]
        return tuple(_checked(name, part, item) for part in value)
    if typing.get_origin(plain) is typing.Literal:
        choices = typing.get_args(plain)
        if value not in choices:
            raise UsageError(f"no {name} {value!r}: choose from {', '.join(choices)}")
        return value
    value = _as_number(value) if plain in (int, float) else value
    # A whole number is a float too, as JSON writes it.
    if type(value) is not plain and not (plain is float and type(value) is int):
        raise UsageError(f"{name} cannot be {value!r}")
    for mark in marks:
        if isinstance(mark, Bounds):
            mark.check(name, value)
    return value


def _as_number(value: Any) -> Any:
    """NumPy's numbers as Python's; anything else as it is."""
    if isinstance(value, bool | float):
        return float(value) if isinstance(value, float) else value
    try:
        return operator.index(value)
    except TypeError:
        return value
