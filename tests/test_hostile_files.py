"""500 damaged and hostile files: an error of one line for each, and nothing else."""

from __future__ import annotations

import io
import json
import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

COUNT = 500
SECONDS, MEBIBYTES = 240, 2048
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><text x="1" y="9">7</text></svg>'

Make = Callable[[np.ndarray, np.random.Generator], bytes]


def encoded(page: np.ndarray, kind: str, mode: str = "L", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(page).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


def any_picture(page: np.ndarray, rng: np.random.Generator) -> bytes:
    kind = rng.choice(["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "JPEG2000"])
    return encoded(page, str(kind))


def document(page: np.ndarray, rng: np.random.Generator) -> bytes:
    """A TIFF or PDF of three pages, cut off or with wrong bytes."""
    frames = [Image.fromarray(np.roll(page, step, 1)) for step in range(3)]
    buffer = io.BytesIO()
    kind = str(rng.choice(["TIFF", "PDF"]))
    frames[0].save(buffer, kind, save_all=True, append_images=frames[1:])
    data = bytearray(buffer.getvalue())
    for place in rng.integers(0, len(data), rng.integers(1, 60)):
        data[place] = int(rng.integers(256))
    return bytes(data[: len(data) if rng.integers(2) else int(rng.integers(20, len(data)))])


def truncated(page: np.ndarray, rng: np.random.Generator) -> bytes:
    data = any_picture(page, rng)
    return data[: int(rng.integers(1, max(2, len(data) - 20)))]


def scrambled(page: np.ndarray, rng: np.random.Generator) -> bytes:
    data = bytearray(any_picture(page, rng))
    for place in rng.integers(0, len(data), rng.integers(1, 60)):
        data[place] = int(rng.integers(256))
    return bytes(data)


def garbage(page: np.ndarray, rng: np.random.Generator) -> bytes:
    return any_picture(page, rng)[: int(rng.integers(2, 40))] + rng.bytes(int(rng.integers(3000)))


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def huge(page: np.ndarray, rng: np.random.Generator) -> bytes:
    """A few bytes that claim to be a picture of up to 65535 x 65535."""
    side = int(rng.integers(7100, 65536))
    header = struct.pack(">IIBBBBB", side, side, 8, int(rng.choice([0, 2, 6])), 0, 0, 0)
    kind = rng.integers(4)
    if kind == 0:
        pixels = chunk(b"IDAT", zlib.compress(bytes(200_000), 9))
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")
    if kind == 1:
        return b"P5 %d %d 255\n" % (side, side) + bytes(2000)
    if kind == 2:
        return b"GIF89a" + struct.pack("<HH", side, side) + b"\x00\x00\x00" + bytes(500) + b";"
    bmp = bytearray(encoded(page, "BMP"))
    bmp[18:26] = struct.pack("<ii", side, side)
    return bytes(bmp)


def odd_mode(page: np.ndarray, rng: np.random.Generator) -> bytes:
    """Valid but unusual: animated, CMYK, 16 bits, a palette with transparency."""
    kind = rng.integers(5)
    if kind == 0:
        frames = [Image.fromarray(np.roll(page, step, 1)) for step in range(1, 4)]
        buffer = io.BytesIO()
        Image.fromarray(page).save(buffer, "GIF", save_all=True, append_images=frames)
        return buffer.getvalue()
    if kind == 1:
        return encoded(page, "TIFF" if rng.integers(2) else "JPEG", "CMYK")
    if kind == 2:
        buffer = io.BytesIO()
        Image.fromarray(page.astype(np.uint16) * 257).save(
            buffer, "PNG" if rng.integers(2) else "TIFF"
        )
        return buffer.getvalue()
    if kind == 3:
        return encoded(page, "PNG", "P", transparency=int(rng.integers(256)))
    return encoded(page, "PNG", "LA")


MAKERS: dict[str, Make] = {
    "truncated": truncated,
    "scrambled": scrambled,
    "garbage": garbage,
    "document": document,
    "huge": huge,
    "odd": odd_mode,
    "empty": lambda page, rng: b"",
    "zeros": lambda page, rng: bytes(int(rng.integers(1, 5000))),
    "noise": lambda page, rng: rng.bytes(int(rng.integers(1, 5000))),
    "svg": lambda page, rng: SVG,
}
SUFFIXES = (".png", ".jpg", ".gif", ".bmp", ".tif", ".webp", ".ppm", ".jp2", ".avif")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Write files from seed 0, most of them damaged, with any ending."""
    rng = np.random.default_rng(0)
    page = np.full((70, 160), 235, np.uint8)
    page[15:55, 30:36] = page[15:55, 90:96] = page[15:20, 70:96] = 20
    folder = tmp_path_factory.mktemp("hostile")
    paths = []
    for index in range(COUNT - 5):
        name = list(MAKERS)[index % len(MAKERS)]
        path = folder / f"{index:03d}-{name}{rng.choice(SUFFIXES)}"
        path.write_bytes(MAKERS[name](page, rng))
        paths.append(path)
    (folder / "directory.png").mkdir()
    os.mkfifo(folder / "pipe.png")
    (folder / "loop.png").symlink_to(folder / "loop.png")
    (folder / "secret.png").write_bytes(encoded(page, "PNG"))
    (folder / "secret.png").chmod(0)
    return [
        *paths,
        *(folder / f"{name}.png" for name in ("directory", "pipe", "loop", "secret", "gone")),
    ]


def test_500_hostile_files_are_a_line_each(files: list[Path]) -> None:
    """Run the command in its own process, to measure its memory."""
    assert len(files) == COUNT
    # Not getrusage: its peak includes the memory of the process that started this one.
    code = (
        "import re, sys\n"
        "from pathlib import Path\n"
        "from handsum.cli.app import main\n"
        "try: main()\n"
        "finally:\n"
        "    status = Path('/proc/self/status')\n"
        "    found = status.exists() and re.search(r'VmHWM:\\s+(\\d+) kB', status.read_text())\n"
        "    peak = int(found[1]) // 1024 if found else 0  # only on Linux\n"
        "    print('peak', peak, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "predict", "--json", *map(str, files)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    *printed, peak = done.stderr.splitlines()
    lines = [line for line in printed if not line.startswith("note: ")]
    assert done.returncode == 1
    assert int(peak.split()[1]) < MEBIBYTES
    results = json.loads(done.stdout)["files"]
    # Damage may look like another page.
    assert list(dict.fromkeys(result["file"] for result in results)) == list(map(str, files))
    failed = [result for result in results if result["error"] and not _is_blank(result)]
    assert lines == [f"error: {result['error']}" for result in failed]
    for result in failed:
        assert result["file"] in result["error"]
        assert "\n" not in result["error"]
        assert result["digits"] == ""
    by_kind = {kind: [r for r in failed if f"-{kind}" in r["file"]] for kind in MAKERS}
    made = {kind: sum(f"-{kind}" in str(path) for path in files) for kind in MAKERS}
    for kind in ("huge", "empty", "zeros", "noise", "svg"):
        assert len(by_kind[kind]) == made[kind], kind
    assert by_kind["odd"] == []
    assert all(result["digits"] == "17" for result in results if "-odd" in result["file"])


def _is_blank(result: dict[str, str]) -> bool:
    return result["error"] in ("no digits found", "what is written is not a digit")
