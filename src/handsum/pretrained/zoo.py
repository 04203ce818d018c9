"""The zoo: what every model in it is, and what every loaded one tells of itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from handsum.models import registry
from handsum.pretrained.compiled import Functions
from handsum.pretrained.snapshots import WEIGHTS, Snapshot, read_facts, restore


class Model:
    """A trained model: its `name`, `task` and `summary`, its `config`, its `weights` and facts.

    `facts` are its `config.json`: the command that made it, the time that took, the measured
    figures.
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
        return restore(self._snapshot)

    def __repr__(self) -> str:
        return f"<{self.name}: {self.task}, {self.parameters:,} parameters>"


def list_models() -> list[dict[str, Any]]:
    """The zoo, a row a model: name, task, summary, bundled, parameters, bytes, measured.

    The last three are None where the model is not bundled; `measured` holds figures by their name.
    """
    rows = []
    for entry in registry.ENTRIES.values():
        folder = WEIGHTS / (entry.weights or entry.name)
        bundled = (folder / "config.json").exists()
        facts = read_facts(folder) if bundled else {}
        rows.append(
            {
                "name": entry.name,
                "task": entry.task,
                "summary": entry.summary,
                "bundled": bundled,
                "parameters": facts.get("parameters"),
                "bytes": (folder / "weights.npz").stat().st_size if bundled else None,
                "measured": facts.get("measured"),
            }
        )
    return rows
