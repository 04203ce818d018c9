"""Errors that a person can act on: one line that says what is wrong and how to go on."""


class HandsumError(Exception):
    """Something outside the program went wrong (a file, a snapshot, the data). Exit code 1."""

    exit_code = 1


class UsageError(HandsumError, ValueError):
    """What was asked for cannot be done as asked. Exit code 2."""

    exit_code = 2


class SnapshotError(HandsumError):
    """A model's snapshot or checkpoint is missing, damaged, or of another model or version."""


class DatasetError(HandsumError):
    """A data set is missing, damaged, or not what its specification says."""
