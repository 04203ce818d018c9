"""Labelled data sets of handwritten digits, numbers and sums, in common formats."""

from handsum.datasets.formats import FORMATS
from handsum.datasets.output import Division, WrittenDataset, read_manifest, write_plan
from handsum.datasets.plan import Plan, choose_shards
from handsum.datasets.recipe import EFFECTS, FORMS, KINDS, Recipe, parse_range, parse_realism
from handsum.datasets.samples import Sample, draw_samples
from handsum.datasets.write import write_dataset

__all__ = [
    "EFFECTS",
    "FORMATS",
    "FORMS",
    "KINDS",
    "Division",
    "Plan",
    "Recipe",
    "Sample",
    "WrittenDataset",
    "choose_shards",
    "draw_samples",
    "parse_range",
    "parse_realism",
    "read_manifest",
    "write_dataset",
    "write_plan",
]
