"""The result of `writers` and `fit_writer`: a sheet of hands to choose from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handsum.errors import shorten
from handsum.layout.encoding import Output, check_path
from handsum.writing.sequences import Sequences, save_sequences, show_sequences

if TYPE_CHECKING:
    from os import PathLike

    from handsum.layout.style import Style
    from handsum.writing.likeness import FittedHand, Likeness


@dataclass(frozen=True, eq=False, repr=False)
class HandSheet:
    """The same digits in several hands.

    `sequences` has a row for each hand, and `names` the value of `writer` for it. In a sheet from
    `fit_writer`, the first hand is `hand`, the fitted one; the others are the writers most like it,
    with their `likeness`, nearest first. `unread` are the errors of the pictures that could not be
    read. `nib` is the width of the pen in the pictures, in shares of a digit's height.
    """

    sequences: Sequences
    names: tuple[str, ...]
    hand: FittedHand | None = None
    likeness: tuple[Likeness, ...] = ()
    unread: tuple[str, ...] = ()
    nib: float | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """The pictures that could not be read, and the hands in which digits are misread."""
        return self.unread + self.sequences.notes

    @property
    def writers(self) -> list[int]:
        """The writers on the sheet, without the fitted hand."""
        return [int(writer) for writer in self.sequences.writers if writer >= 0]

    @property
    def captions(self) -> tuple[str, ...]:
        """What is printed under each hand."""
        if self.hand is None:
            return self.names
        return (f"yours, fit {self.hand.fit:.0%}", *self.names[1:])

    def as_dict(self) -> dict[str, Any]:
        """The hands as `handsum writers --json` prints them."""
        hand = self.hand
        return {
            "writers": self.writers,
            "hand": hand
            and {
                "name": hand.name,
                "distance": hand.distance,
                "fit": hand.fit,
                "nib": self.nib,
            },
            "likeness": [{"writer": one.writer, "distance": one.distance} for one in self.likeness],
            "seed": self.sequences.seed,
            "notes": list(self.notes),
        }

    def save(
        self,
        path: str | PathLike[str],
        style: Style | None = None,
        *,
        centerline: bool = False,
        animate: bool = False,
        duration: float | None = None,
    ) -> None:
        """Write the sheet to a file, each hand with its number under it.

        The types of files and the options are those of `Sequences.save`, without .npz. `style`
        defaults to the one that the sheet was made in.

        Raises:
            UsageError: another type of file, one that has no centerline or animation, or a picture
                that would be too large.
            HandsumError: the file cannot be written.
        """
        output = Output(centerline, animate, duration)
        check_path(Path(path), output, arrays=False)
        save_sequences(Path(path), self.sequences, style, caption=self.captions, output=output)

    def __repr__(self) -> str:
        count, seed = len(self.names), self.sequences.seed
        plural = "" if count == 1 else "s"
        if self.hand is not None:
            fitted = f"{shorten(self.hand.name)}, fit {self.hand.fit:.0%}"
            return f"<{count} hand{plural}, {fitted}, seed {seed}>"
        return f"<{count} hand{plural}, {shorten(' '.join(self.names))}, seed {seed}>"

    def _repr_png_(self) -> bytes | None:
        return show_sequences(self.sequences, self.captions)
