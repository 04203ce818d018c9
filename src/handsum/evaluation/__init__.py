"""How good a model is, measured by data and a judge that it never saw."""

from handsum.evaluation.bench import Bench
from handsum.evaluation.figures import FULL, QUICK, Effort, GeneratorFigures, Quality, ReaderFigures
from handsum.evaluation.generators import (
    Candidate,
    Measured,
    as_candidate,
    measure_candidate,
    measure_generator,
    measure_sequence_generator,
)
from handsum.evaluation.readers import evaluate_reader

__all__ = [
    "FULL",
    "QUICK",
    "Bench",
    "Candidate",
    "Effort",
    "GeneratorFigures",
    "Measured",
    "Quality",
    "ReaderFigures",
    "as_candidate",
    "evaluate_reader",
    "measure_candidate",
    "measure_generator",
    "measure_sequence_generator",
]
