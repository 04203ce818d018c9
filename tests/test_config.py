from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pytest

from handsum.config import (
    Amount,
    Count,
    EvenCount,
    Share,
    TrainingConfig,
    WriterCount,
    as_dict,
    from_dict,
    parse_settings,
    replace,
)
from handsum.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Config(TrainingConfig):
    widths: tuple[Count, ...] = (8, 4)
    hidden: Count = 16
    drawn: EvenCount = 4
    writers: WriterCount = 7
    dropout: Share = 0.1
    penalty: Amount = 1.0
    augmentation: bool = True
    labels: Literal["digits", "sums"] = "digits"


def test_settings_take_the_types_of_their_fields() -> None:
    changes = parse_settings(
        Config(),
        {"learning_rate": "1e-4", "widths": "3, 5", "augmentation": "false", "steps": " 7 "},
    )
    assert changes == {
        "learning_rate": 1e-4,
        "widths": (3, 5),
        "augmentation": False,
        "steps": 7,
    }
    assert replace(Config(), changes).widths == (3, 5)
    assert parse_settings(Config(), {"widths": [3, 5], "steps": 7}) == {
        "widths": [3, 5],
        "steps": 7,
    }
    assert replace(Config(), {"widths": [3, 5]}).widths == (3, 5)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("stepz", "3", "did you mean steps.*valid are .*augmentation.*widths"),
        ("steps", "many", "steps is of type int"),
        ("steps", "1.5", "steps is of type int"),
        ("widths", "3,x", "widths is of type int"),
        ("augmentation", "yes", "true or false"),
        ("learning_rate", "", "of type float"),
        ("writers", "3", "writers is set from the data set: leave it out"),
    ],
)
def test_wrong_settings_say_what_is_right(name: str, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_settings(Config(), {name: text})


@pytest.mark.parametrize(
    "changes",
    [
        {"steps": 0},
        {"batch_size": -1},
        {"seed": -1},
        {"seed": 2**32},
        {"hidden": 0},
        {"hidden": 2**31},
        {"drawn": 3},
        {"writers": 0},
        {"penalty": -0.5},
        {"labels": "words"},
        {"hidden": 2.0},
        {"hidden": True},
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


def test_numpy_numbers_are_accepted() -> None:
    changed = replace(Config(), {"steps": np.int64(5), "penalty": np.float64(0.5)})
    assert (changed.steps, changed.penalty) == (5, 0.5)
    assert type(changed.steps) is int


def test_a_configuration_survives_json() -> None:
    import json

    config = Config(steps=5, widths=(1, 2))
    assert from_dict(Config, json.loads(json.dumps(as_dict(config)))) == config


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
        from_dict(Config, {**as_dict(Config()), name: value})
    whole = {**as_dict(Config()), "learning_rate": 1}
    assert from_dict(Config, whole).learning_rate == 1
