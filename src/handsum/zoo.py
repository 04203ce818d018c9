"""What every loaded model tells of itself, whatever it is for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from handsum.models import registry
from handsum.training.snapshots import Snapshot


class Model:
    """A trained model: its `name`, `task` and `summary`, its `config`, its `weights` and facts.

    `facts` are its `config.json`: the command that made it, the time that took, the measured
    figures.
    """

    def __init__(self, name: str, snapshot: Snapshot) -> None:
        self.name = name
        self.facts = snapshot.facts
        self._snapshot = snapshot
        entry = registry.find(snapshot.model)
        self.task = entry.task
        self.summary = entry.summary

    @property
    def config(self) -> Mapping[str, Any]:
        """The configuration that it was trained with, by name."""
        return self.facts["config"]

    @property
    def parameters(self) -> int:
        """How many numbers were learnt."""
        return int(self.facts["parameters"])

    @property
    def measured(self) -> Mapping[str, str]:
        """The figures of its model card; none where it was not measured."""
        return self.facts.get("measured") or {}

    @property
    def weights(self) -> Mapping[str, np.ndarray]:
        """Its arrays, by their path in the network."""
        return self._snapshot.arrays

    def network(self) -> Any:
        """Its network, a `flax.nnx.Module` with these weights, to look into or train further."""
        import jax

        from handsum.training.snapshots import network

        # The networks index their arrays by what is traced, which NumPy's cannot be.
        return network(self.facts, jax.device_put(dict(self.weights)))

    def __repr__(self) -> str:
        return f"<{self.name}: {self.task}, {self.parameters:,} parameters>"
