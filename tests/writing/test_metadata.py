"""Every picture and archive says what made it, whatever its format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from file_facts import read_facts
from PIL import Image

from handsum import __version__, predict
from handsum.writing.generate import generate
from handsum.writing.interpolate import interpolate
from handsum.writing.visualize import visualize
from handsum.writing.write import number, sum_sequence
from handsum.writing.writers import writers

# Each result, the formats that it is saved in, and its facts beside program, seed and model.
RESULTS: dict[str, tuple[Callable[[], Any], str, dict[str, str]]] = {
    "a number": (
        lambda: number("-1,234.50", seed=4, writer=3),
        "png svg",
        {"writer": "3", "digits": "-1,234.50"},
    ),
    "sums": (
        lambda: sum_sequence(18, 2, count=2, seed=4, writer=3),
        "png svg npz",
        {"writer": "3 3", "digits": "99 99"},
    ),
    "a mixed hand": (
        lambda: number("07", seed=4, writer="1+2"),
        "png svg npz",
        {"writer": "1+2", "digits": "07"},
    ),
    "planned sums": (
        lambda: sum_sequence(18, 2, seed=4, model="lstm-cgan"),
        "png svg npz",
        {"digits": "99"},
    ),
    "digits": (
        lambda: generate("37", rows=1, seed=4, writer=5),
        "png npz",
        {"writer": "5 5", "digits": "37"},
    ),
    "two hands": (
        lambda: interpolate("1..2", "04", steps=3, seed=4),
        "png gif",
        {"writer": "1..2", "digits": "04", "between": "1..2", "steps": "3"},
    ),
    "two drawings": (
        lambda: interpolate("latents", "8", steps=2, seed=4, writer=3),
        "png gif",
        {"writer": "3", "digits": "8", "between": "latents", "steps": "2"},
    ),
    "two digits": (
        lambda: interpolate("digits", "38", steps=2, seed=4, model="cgan"),
        "png gif",
        {"digits": "38", "between": "digits", "steps": "2"},
    ),
    "stages": (
        lambda: visualize(7, seed=4, writer=12),
        "png gif",
        {"writer": "12", "digits": "7"},
    ),
    "stages in a mixed hand": (
        lambda: visualize(7, seed=4, writer="1+2", model="writer-cgan"),
        "png gif",
        {"writer": "1+2", "digits": "7"},
    ),
    "stages of a random digit": (lambda: visualize(model="gan", seed=4), "png gif", {}),
    "stages of a sequence": (
        lambda: visualize(18, length=2, seed=4, model="lstm-cgan"),
        "png gif",
        {"digits": "99", "total": "18"},
    ),
    "hands": (
        lambda: writers(5, 2, "01", seed=4),
        "png svg",
        {"writer": "5 6", "digits": "01 01"},
    ),
}


@pytest.mark.parametrize("result", RESULTS)
def test_every_file_says_what_made_it(result: str, tmp_path: Path) -> None:
    make, endings, own = RESULTS[result]
    made = make()
    model = made.model if hasattr(made, "model") else made.sequences.model
    for ending in endings.split():
        path = tmp_path / f"a.{ending}"
        made.save(path)
        facts = read_facts(path)
        assert facts.pop("Software") == f"handsum {__version__}"
        assert facts.pop("handsum:seed") == "4"
        assert facts.pop("handsum:model") == model
        expected = own
        if ending == "npz":
            # Its arrays hold the digits, and the writers unless they are a named hand.
            expected = {"writer": made.hand} if made.hand else {}
        assert facts == {f"handsum:{name}": fact for name, fact in expected.items()}


def test_the_number_of_channels_is_a_fact(tmp_path: Path) -> None:
    stages = visualize(7, seed=4, writer=12)
    for name in ("a.png", "a.gif"):
        stages.save(tmp_path / name, channels=2)
        assert read_facts(tmp_path / name)["handsum:channels"] == "2"


def test_an_animation_is_the_same_with_its_comment(tmp_path: Path) -> None:
    """The comment reaches the file once, and no frame is lost or changed by it."""
    made = interpolate("1..2", "04", steps=3, seed=4)
    made.save(tmp_path / "a.gif")
    data = (tmp_path / "a.gif").read_bytes()
    assert data.count(b"handsum:seed") == 1
    with Image.open(tmp_path / "a.gif") as film:
        film.seek(2)
        assert film.n_frames == 4
        last = np.asarray(film.convert("L"))
    made.save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as strip:
        assert np.abs(np.asarray(strip)[:112, -112:].astype(int) - last[:, :112]).max() <= 2


def test_pictures_of_what_was_read_name_the_digits(tmp_path: Path) -> None:
    number("42", seed=4, writer=3).save(tmp_path / "n.png")
    (marked,) = predict(tmp_path / "n.png").annotate(tmp_path / "marked")
    facts = {"Software": f"handsum {__version__}", "handsum:digits": "42"}
    assert read_facts(marked) == facts
