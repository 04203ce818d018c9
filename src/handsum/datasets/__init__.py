"""Labelled data sets of handwritten digits, numbers and sums, in common formats."""

from handsum.datasets.engines import ENGINES, Division
from handsum.datasets.formats import FORMATS
from handsum.datasets.output import WrittenDataset, read_manifest, write_plan
from handsum.datasets.plan import Plan, choose_shards
from handsum.datasets.recipe import EFFECTS, FORMS, KINDS, Recipe, parse_range, parse_realism
from handsum.datasets.samples import Sample, draw_samples
from handsum.datasets.status import Status, read_status
from handsum.datasets.streams import Stream, stream
from handsum.datasets.write import write_dataset

__all__ = [
    "EFFECTS",
    "ENGINES",
    "FORMATS",
    "FORMS",
    "KINDS",
    "Division",
    "Plan",
    "Recipe",
    "Sample",
    "Status",
    "Stream",
    "WrittenDataset",
    "choose_shards",
    "draw_samples",
    "parse_range",
    "parse_realism",
    "read_manifest",
    "read_status",
    "stream",
    "write_dataset",
    "write_plan",
]
