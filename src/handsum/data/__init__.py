"""Digits that come in: MNIST, files, folders, TensorFlow Datasets; labels and augmentation."""
