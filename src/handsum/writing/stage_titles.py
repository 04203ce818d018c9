"""What the stages of a generator are called, in words: the page and the pictures show these."""

from __future__ import annotations

import re

# Titles by the name of a stage, which is the path of a layer in its network. `{}` is the number of
# a layer, counted from 1. Later entries are for names that no earlier one has.
_TITLES = {
    r"condition": "Digit (condition)",
    r"condition of a sequence": "Total and number of digits (condition)",
    r"latents": "Random numbers (latents)",
    r"latents: hand": "Random numbers of the hand (latents)",
    r"latents: own": "Random numbers of each digit (latents)",
    r"latents: plan": "Random numbers of the plan (latents)",
    r"chosen digits": "Chosen digits",
    r"image": "Image",
    r"hands": "Embedding of the hand",
    r"labels|digits": "Embedding of the digit",
    r"mapping": "Style (mapping layer)",
    r"base": "First layer",
    r"blocks/(\d+)/first": "Block {}, first convolution",
    r"blocks/(\d+)/style": "Block {}, style",
    r"blocks/(\d+)/second": "Block {}, second convolution",
    r"ups/(\d+)": "Convolution before upsampling {}",
    r"norms/(\d+)": "Normalization {}",
    r"layers/(\d+)": "Layer {}",
    r"out": "Output layer",
    r"planner/remaining": "Plan, embedding of the sum left",
    r"planner/left": "Plan, embedding of the number of digits left",
    r"planner/totals": "Plan, embedding of the total",
    r"planner/lengths": "Plan, embedding of the number of digits",
    r"planner/slacks?": "Plan, embedding of the distance to all nines",
    r"planner/cell/dense_i": "Plan, LSTM gates from the input",
    r"planner/cell/dense_h": "Plan, LSTM gates from the memory",
    r"planner/first": "Plan, first layer",
    r"planner/hidden/(\d+)": "Plan, hidden layer {}",
    r"planner/out": "Plan, score of each digit",
}


def stage_title(name: str) -> str:
    """The title of a stage by its name, such as "Block 1, first convolution"."""
    place = name.removeprefix("painter/")
    for pattern, title in _TITLES.items():
        if found := re.fullmatch(pattern, place):
            return title.format(*(int(number) + 1 for number in found.groups()))
    # A layer that has no title yet.
    words = [str(int(part) + 1) if part.isdigit() else part for part in place.split("/")]
    text = " ".join(words).replace("_", " ")
    return text[:1].upper() + text[1:]
