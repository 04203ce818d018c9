"""Labelled data sets of written digits, numbers and sums, in the formats that people load."""

from handsum.datasets.formats import FORMATS
from handsum.datasets.output import Written, read_manifest, write_dataset
from handsum.datasets.plan import Plan, choose_shards
from handsum.datasets.recipe import EFFECTS, KINDS, Recipe, parse_range, parse_realism
from handsum.datasets.samples import Sample, draw_samples

__all__ = [
    "EFFECTS",
    "FORMATS",
    "KINDS",
    "Plan",
    "Recipe",
    "Sample",
    "Written",
    "choose_shards",
    "draw_samples",
    "parse_range",
    "parse_realism",
    "read_manifest",
    "write_dataset",
]
