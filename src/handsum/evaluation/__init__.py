"""How good a model is, measured by data and a judge that it never saw."""

from handsum.evaluation.bench import Bench
from handsum.evaluation.figures import (
    FULL,
    QUICK,
    Effort,
    GeneratorFigures,
    Quality,
    ReaderFigures,
)
from handsum.evaluation.generators import Measured, measure_generator, measure_samples
from handsum.evaluation.readers import evaluate_reader

__all__ = [
    "FULL",
    "QUICK",
    "Bench",
    "Effort",
    "GeneratorFigures",
    "Measured",
    "Quality",
    "ReaderFigures",
    "evaluate_reader",
    "measure_generator",
    "measure_samples",
]
