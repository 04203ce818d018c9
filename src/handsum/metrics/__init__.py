"""Figures of features, images and predictions, as pure functions."""
