"""Loading any picture as grey, and errors for files that cannot be loaded."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handsum.errors import HandsumError
from handsum.files import atomic_write
from handsum.images import load_picture

INK = np.zeros((20, 30), bool)
INK[5:15, 4:7] = True


def painted(paper: tuple[int, ...], ink: tuple[int, ...]) -> Image.Image:
    pixels = np.where(INK[..., None], np.array(ink, np.uint8), np.array(paper, np.uint8))
    return Image.fromarray(pixels.squeeze())


def test_every_mode_gives_the_same_grey(tmp_path: Path) -> None:
    rgb = painted((255, 255, 255), (0, 0, 0))
    for mode, suffix in [
        ("1", "png"), ("L", "bmp"), ("LA", "png"), ("P", "gif"), ("RGB", "webp"), ("RGBA", "png"),
        ("CMYK", "tif"), ("YCbCr", "tif"), ("I;16", "png"), ("I", "tif"), ("F", "tif"),
    ]:  # fmt: skip
        path = tmp_path / f"{mode.replace(';', '')}.{suffix}"
        if mode == "I;16":
            Image.fromarray(np.where(INK, 0, 65535).astype(np.uint16)).save(path)
        else:
            image = rgb.convert("L").convert(mode) if mode in "IF" else rgb.convert(mode)
            image.save(path, quality=100)
        grey = load_picture(path)
        assert grey.dtype == np.float32, mode
        assert grey.shape == (20, 30), mode
        np.testing.assert_allclose(grey, ~INK, atol=0.02, err_msg=mode)


@pytest.mark.parametrize("top", [200, 3000, 65535])
def test_deep_grey_keeps_its_contrast(tmp_path: Path, top: int) -> None:
    Image.fromarray(np.where(INK, 0, top).astype(np.uint16)).save(tmp_path / "deep.png")
    grey = load_picture(tmp_path / "deep.png")
    assert 0.7 < np.ptp(grey) <= 1


@pytest.mark.parametrize(("color", "ink_is_dark"), [((0, 0, 80), True), ((255, 240, 200), False)])
def test_ink_on_nothing_gets_paper_that_shows_it(
    tmp_path: Path, color: tuple[int, int, int], ink_is_dark: bool
) -> None:
    # The transparent part has the colour of the ink: only alpha shows the writing.
    painted((*color, 0), (*color, 255)).save(tmp_path / "ink.png")
    grey = load_picture(tmp_path / "ink.png")
    contrast = float(grey[~INK].mean() - grey[INK].mean())
    assert abs(contrast) > 0.8
    assert (contrast > 0) == ink_is_dark


def test_a_sheet_with_transparent_rims_becomes_more_of_the_sheet(tmp_path: Path) -> None:
    pixels = np.asarray(painted((255, 255, 255, 255), (0, 0, 0, 255))).copy()
    pixels[:, 24:] = 0
    Image.fromarray(pixels).save(tmp_path / "sheet.png")
    np.testing.assert_allclose(load_picture(tmp_path / "sheet.png"), ~INK, atol=0.02)


def test_a_wholly_transparent_picture_is_blank(tmp_path: Path) -> None:
    painted((0, 0, 0, 0), (255, 255, 255, 0)).save(tmp_path / "none.png")
    assert np.ptp(load_picture(tmp_path / "none.png")) == 0


@pytest.mark.parametrize(
    ("paper", "ink"), [((255, 255, 255), (255, 255, 0)), ((0, 128, 0), (220, 20, 20))]
)
def test_a_colour_channel_is_used_if_luminance_hides_the_ink(
    tmp_path: Path, paper: tuple[int, ...], ink: tuple[int, ...]
) -> None:
    painted(paper, ink).save(tmp_path / "color.png")
    grey = load_picture(tmp_path / "color.png")
    assert abs(float(grey[INK].mean() - grey[~INK].mean())) > 0.7


def test_a_turned_picture_is_put_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held so that the top is on the right
    upright = painted((255, 255, 255), (0, 0, 0))
    upright.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.png", exif=exif)
    np.testing.assert_allclose(load_picture(tmp_path / "turned.png"), ~INK, atol=0.02)


def test_an_animation_shows_its_first_frame(tmp_path: Path) -> None:
    first, second = painted((255, 255, 255), (0, 0, 0)), painted((0, 0, 0), (255, 255, 255))
    first.save(tmp_path / "film.gif", save_all=True, append_images=[second])
    np.testing.assert_allclose(load_picture(tmp_path / "film.gif"), ~INK, atol=0.02)


def large_png(path: Path, width: int, height: int) -> None:
    """Write a PNG that claims a size and has no pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + check

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + parts)


@pytest.mark.parametrize("size", [(10_000, 5_001), (12_000, 9_000), (60_000, 60_000)])
def test_a_picture_too_large_is_refused_before_it_is_decoded(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    # Below, between and above the sizes at which Pillow itself warns and refuses.
    large_png(tmp_path / "bomb.png", *size)
    with pytest.raises(HandsumError, match=r"bomb\.png: it has more than 50 megapixels"):
        load_picture(tmp_path / "bomb.png")


def test_a_file_that_cannot_be_loaded_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "notes.png").write_text("not a picture")
    (tmp_path / "empty.png").touch()
    # Pillow would start a PostScript interpreter for this.
    (tmp_path / "page.eps").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EOF\n")
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 256, (60, 60), np.uint8))
    for name in ("cut.png", "cut.jpg", "cut.tif"):
        noise.save(tmp_path / name)
        os.truncate(tmp_path / name, 900)
    reasons = {
        "missing.png": "No such file",
        "notes.png": "not a picture of a known kind",
        "empty.png": "not a picture of a known kind",
        "page.eps": "not a picture of a known kind",
        "cut.png": "damaged or cut off",
        "cut.jpg": "damaged or cut off",
        "cut.tif": "(damaged or cut off|not a picture)",
    }
    for name, reason in reasons.items():
        with pytest.raises(HandsumError, match=f"cannot read .*{name}: .*{reason}"):
            load_picture(tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_device_or_a_pipe_is_not_replaced(tmp_path: Path, run_command: Callable) -> None:
    pipe, link = tmp_path / "pipe.svg", tmp_path / "stdout.svg"
    os.mkfifo(pipe)
    # Like /dev/stdout, if the output goes to a file.
    link.symlink_to("/proc/self/exe")
    for taken in (pipe, link):
        with pytest.raises(HandsumError, match="a device or a pipe"), atomic_write(taken):
            pytest.fail("it is refused before anything is written")
        for words in (("number", "12"), ("export", "cnn", "--format", "stablehlo")):
            done = run_command(*words, "-o", taken)
            assert (done.code, done.out) == (1, "")
            assert "a device or a pipe: give a file name" in done.err
    assert pipe.is_fifo()
    assert link.is_symlink()
    assert len(list(tmp_path.iterdir())) == 2
