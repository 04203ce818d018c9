from dataclasses import dataclass
from typing import Any

import pytest

from handsum.config import TrainingConfig, from_json, parse_settings, replace, to_json
from handsum.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Config(TrainingConfig):
    widths: tuple[int, ...] = (8, 4)
    hidden: int = 16
    dropout: float = 0.1
    augmentation: bool = True


def test_settings_take_the_types_of_their_fields() -> None:
    changes = parse_settings(
        Config(), ["learning_rate=1e-4", "widths=3, 5", "augmentation=false", "steps = 7"]
    )
    assert changes == {
        "learning_rate": 1e-4,
        "widths": (3, 5),
        "augmentation": False,
        "steps": 7,
    }
    assert replace(Config(), changes).widths == (3, 5)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("stepz=3", "did you mean steps.*valid are .*augmentation.*widths"),
        ("steps", "key=value"),
        ("steps=many", "steps is of type int"),
        ("steps=1.5", "steps is of type int"),
        ("widths=3,x", "widths is of type int"),
        ("augmentation=yes", "true or false"),
        ("learning_rate=", "of type float"),
    ],
)
def test_wrong_settings_say_what_is_right(setting: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_settings(Config(), [setting])


@pytest.mark.parametrize(
    "changes",
    [
        {"steps": 0},
        {"batch_size": -1},
        {"seed": -1},
        {"seed": 2**32},
        {"hidden": 0},
        {"warmup_steps": -1},
        {"widths": (4, 4, 4)},
        {"widths": (4, 0)},
        {"dropout": 1.0},
        {"learning_rate": float("nan")},
        {"learning_rate": -1e-3},
        {"weight_decay": float("inf")},
    ],
)
def test_values_out_of_bounds_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(changes))):
        replace(Config(), changes)


def test_a_configuration_survives_json() -> None:
    import json

    config = Config(steps=5, widths=(1, 2))
    assert from_json(Config, json.loads(json.dumps(to_json(config)))) == config


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps", "many"),
        ("steps", 2.5),
        ("steps", True),
        ("steps", None),
        ("learning_rate", [1]),
        ("widths", 3),
        ("widths", [1, 2, "x"]),
        ("augmentation", 1),
        ("steps", -1),
    ],
)
def test_a_damaged_configuration_is_refused(name: str, value: Any) -> None:
    with pytest.raises(UsageError, match=name):
        from_json(Config, {**to_json(Config()), name: value})
    whole = {**to_json(Config()), "learning_rate": 1}
    assert from_json(Config, whole).learning_rate == 1
