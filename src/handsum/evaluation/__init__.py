"""How good a model is, measured on data and by a judge that it never saw."""
