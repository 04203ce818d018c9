"""Trained models, ready to draw and to read."""
