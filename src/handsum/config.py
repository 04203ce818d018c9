"""Configurations: frozen dataclasses of plain values, checked when a person changes one."""

from __future__ import annotations

import dataclasses
import difflib
import math
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from handsum.errors import UsageError

AnyConfig = TypeVar("AnyConfig", bound="TrainingConfig")


# Settings that may be 0 though they are counts, and those that are shares of a whole.
_FROM_ZERO = frozenset({"seed", "warmup_steps", "non_digits", "non_digit_bank"})
_LARGEST = 2**31 - 1
_SHARES = frozenset(
    {
        "beta1",
        "beta2",
        "dropout",
        "ema_decay",
        "label_smoothing",
        "momentum",
        "new_hands",
        "restart",
        "smoothing",
    }
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """What every training run has; a model's own configuration adds its fields to these.

    The learning rate rises linearly over `warmup_steps`, then falls to `final_learning_rate` along
    a half cosine that ends at `steps`. `restart` is the share of the steps, at the end, that begin
    anew at `restart_rate` and fall by a half cosine of their own (one warm restart of Loshchilov
    and Hutter, "SGDR", 2017). `ema_decay` 0 means that no moving average is kept.
    """

    steps: int = 10_000
    batch_size: int = 128
    learning_rate: float = 1e-3
    final_learning_rate: float = 0.0
    warmup_steps: int = 200
    restart: float = 0.0
    restart_rate: float = 1e-4
    beta1: float = 0.9
    beta2: float = 0.999
    weight_decay: float = 0.0
    ema_decay: float = 0.0
    seed: int = 0

    @property
    def restart_step(self) -> int:
        """The step that begins anew; `steps` where none does."""
        return self.steps - int(self.restart * self.steps)


def replace(config: AnyConfig, changes: Mapping[str, Any]) -> AnyConfig:
    """A copy of `config` with `changes`, each of its field's type and within bounds.

    Raises:
        UsageError: an unknown field (lists the valid ones), a value of another type, or a count
            that is not positive.
    """
    hints = typing.get_type_hints(type(config))
    for name, value in changes.items():
        if name not in hints:
            close = difflib.get_close_matches(name, hints, n=1)
            hint = f"did you mean {close[0]}? " if close else ""
            raise UsageError(f"no setting {name!r}: {hint}valid are {', '.join(sorted(hints))}")
        _check_bounds(name, value, getattr(config, name))
    return dataclasses.replace(config, **changes)


def _check_bounds(name: str, value: Any, before: Any) -> None:
    """Raise UsageError where a value cannot be meant, whatever the model."""
    if name == "seed" and not 0 <= value < 2**32:
        raise UsageError(f"seed must be from 0 to 2**32 - 1, not {value}")
    if isinstance(value, tuple):
        if len(value) != len(before):
            raise UsageError(f"{name} takes {len(before)} numbers, not {len(value)}")
        for part in value:
            _check_bounds(name, part, part)
    elif isinstance(value, float) and not 0 <= value < math.inf:
        raise UsageError(f"{name} must be a number of 0 or more, not {value}")
    elif name in _SHARES and value >= 1:
        raise UsageError(f"{name} must be below 1, not {value}")
    elif type(value) is int and isinstance(before, int) and name != "seed":
        if value < (name not in _FROM_ZERO):
            raise UsageError(f"{name} must be at least {int(name not in _FROM_ZERO)}, not {value}")
        if value > _LARGEST:
            raise UsageError(f"{name} must be at most {_LARGEST:,}, not {value}")


def parse_settings(config: TrainingConfig, settings: Iterable[str]) -> dict[str, Any]:
    """Read `key=value` texts as values of the types that `config` gives to those keys.

    Raises:
        UsageError: no `=`, an unknown key, or a text that is not of the key's type.
    """
    hints = typing.get_type_hints(type(config))
    changes: dict[str, Any] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise UsageError(f"--set takes key=value, not {setting!r}")
        name = name.strip()
        if name not in hints:
            replace(config, {name: None})  # says which keys are valid
        changes[name] = _parse(name, text.strip(), hints[name])
    return changes


def _parse(name: str, text: str, kind: Any) -> Any:
    if isinstance(kind, types.GenericAlias):  # tuple[int, ...]
        item = typing.get_args(kind)[0]
        return tuple(_parse(name, part.strip(), item) for part in text.split(",") if part.strip())
    if kind is bool:
        if text.lower() in {"true", "false"}:
            return text.lower() == "true"
        raise UsageError(f"{name} is true or false, not {text!r}")
    try:
        return kind(text)
    except ValueError:
        raise UsageError(f"{name} is of type {kind.__name__}, and {text!r} is not") from None


def to_json(config: TrainingConfig) -> dict[str, Any]:
    """The configuration as JSON values; `from_json` gives it back."""
    return dataclasses.asdict(config)


def from_json(kind: type[AnyConfig], values: Mapping[str, Any]) -> AnyConfig:
    """The configuration that `to_json` wrote.

    Raises:
        UsageError: a key that this version does not know, or a value of another type.
    """
    tuples = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
    hints = typing.get_type_hints(kind)
    for name, value in tuples.items():
        if name in hints and not _is_of_type(value, hints[name]):
            raise UsageError(f"{name} cannot be {value!r}")
    return replace(kind(), tuples)


def _is_of_type(value: Any, kind: Any) -> bool:
    """Whether a JSON value is of a configuration's type; whole numbers are floats too."""
    if isinstance(kind, types.GenericAlias):
        item = typing.get_args(kind)[0]
        return isinstance(value, tuple) and all(_is_of_type(part, item) for part in value)
    if kind is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return type(value) is kind
