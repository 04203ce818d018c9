"""What every trained model has in common: its facts, its weights and its network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from handsum.models import registry
from handsum.pretrained.compiled import Functions
from handsum.pretrained.snapshots import Snapshot, restore


class Model:
    """A trained model: its `name`, `task` and `summary`, its `config`, `weights` and `facts`.

    `facts` is its `config.json`: the command that made it, the training time, the measured figures.
    """

    def __init__(self, name: str, snapshot: Snapshot) -> None:
        self.name = name
        self.facts = snapshot.facts
        self._snapshot = snapshot
        self._functions = Functions(snapshot)
        entry = registry.find(snapshot.model)
        self.task = entry.task
        self.summary = entry.summary

    @property
    def config(self) -> Mapping[str, Any]:
        """The configuration that it was trained with, by name."""
        return self.facts["config"]

    @property
    def parameters(self) -> int:
        """The number of trained parameters."""
        return int(self.facts["parameters"])

    @property
    def measured(self) -> Mapping[str, str]:
        """The figures on its model card, as texts by name; empty if it was not measured."""
        return self.facts.get("measured") or {}

    @property
    def weights(self) -> Mapping[str, np.ndarray]:
        """Its arrays, by their path in the network."""
        return self._snapshot.arrays

    def network(self) -> Any:
        """Its network, a `flax.nnx.Module` with these weights, to look into or train further."""
        return restore(self._snapshot)

    def __repr__(self) -> str:
        return f"<{self.name}: {self.task}, {self.parameters:,} parameters>"
