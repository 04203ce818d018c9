"""Every page of a file is read: TIFF, PDF, HEIC; what is not read is named."""

from __future__ import annotations

import re
import struct
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from handsum.images import MAX_PICTURE_PIXELS, load_picture
from handsum.reading import documents, pdf
from handsum.reading.documents import load_page, load_pages
from handsum.reading.predict import predict

pytest.importorskip("pypdfium2")
pytest.importorskip("pillow_heif")


@pytest.fixture
def draw(draw_page: Callable[..., np.ndarray]) -> Callable[[str], Image.Image]:
    """A picture of a row of digits; of "" a blank one."""

    def draw(text: str) -> Image.Image:
        page = draw_page(text, scale=4) if text else np.full((112, 224), 0.9)
        return Image.fromarray(np.rint(page * 255).astype(np.uint8))

    return draw


@pytest.fixture
def write(draw: Callable[[str], Image.Image], tmp_path: Path) -> Callable[..., Path]:
    """Write a file with a page for each text."""

    def write(name: str, *texts: str, **options: Any) -> Path:
        first, *rest = [draw(text) for text in texts]
        several = {"save_all": True, "append_images": rest} if rest else {}
        resolution = {"resolution": 200} if name.endswith(".pdf") else {}
        first.save(tmp_path / name, **several, **resolution, **options)
        return tmp_path / name

    return write


def raw_pdf(*objects: str, trailer: str = "") -> bytes:
    """A PDF of objects numbered from 1; the first is the catalogue."""
    data, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(data))
        data += f"{number} 0 obj\n{content}\nendobj\n".encode("latin-1")
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(objects) + 1
    end = f"trailer\n<</Size {size} /Root 1 0 R {trailer}>>\nstartxref\n{len(data)}\n%%EOF\n"
    return data + f"xref\n0 {size}\n0000000000 65535 f \n{table}{end}".encode("latin-1")


def pdf_of_pages(*sizes: tuple[float, float]) -> bytes:
    """A PDF of blank pages, with sizes in points."""
    kids = " ".join(f"{number} 0 R" for number in range(3, 3 + len(sizes)))
    pages = [
        f"<</Type/Page /Parent 2 0 R /MediaBox[0 0 {width} {height}]>>" for width, height in sizes
    ]
    tree = f"<</Type/Pages /Kids[{kids}] /Count {len(sizes)}>>"
    return raw_pdf("<</Type/Catalog /Pages 2 0 R>>", tree, *pages)


@pytest.mark.parametrize("name", ["scan.tif", "scan.pdf", "SCAN.PDF", "caf\udce9 [1].pdf"])
def test_every_page_is_read(template_reader: Any, write: Any, name: str) -> None:
    path = write("scan" + Path(name).suffix.lower(), "17", "", "408")
    path = path.rename(path.with_name(name))
    prediction = predict(path)
    assert [(one.file, one.page, one.digits) for one in prediction.files] == [
        (str(path), 1, "17"),
        (str(path), 2, ""),
        (str(path), 3, "408"),
    ]
    assert prediction.sum == 20
    assert prediction.scope == "5 digits in 3 pages"
    assert repr(prediction) == "<1 file, 3 pages, 17408, sum 20>"
    assert repr(prediction.files[1]) == f"<{path}, page 2, no digits found>"


def test_a_page_of_a_pdf_is_rendered_at_200_dpi(write: Any) -> None:
    (tif,) = load_pages(write("one.tif", "35"))
    (page,) = load_pages(write("one.pdf", "35"))
    assert (tif.page, page.page) == (None, 1)
    assert tif.picture is not None
    assert page.picture is not None
    assert np.abs(np.subtract(page.picture.shape, tif.picture.shape)).max() <= 1
    height, width = tif.picture.shape
    assert np.abs(page.picture[:height, :width] - tif.picture).mean() < 0.02


def test_a_large_page_is_rendered_within_the_limit_and_noted(tmp_path: Path) -> None:
    (tmp_path / "large.pdf").write_bytes(pdf_of_pages((612, 792), (14_400, 14_400), (14_400, 3)))
    pages = list(load_pages(tmp_path / "large.pdf"))
    assert [page.note for page in pages] == [
        None, "the page is large: it is read at 35 dpi", None,
    ]  # fmt: skip
    assert all(page.picture is not None for page in pages)
    sizes = [page.picture.size for page in pages if page.picture is not None]
    assert 0.9 * MAX_PICTURE_PIXELS < max(sizes) <= MAX_PICTURE_PIXELS


@pytest.mark.parametrize("name", ["scan.tif", "scan.pdf"])
def test_a_page_is_loaded_again_to_draw_on(template_reader: Any, write: Any, name: str) -> None:
    path = write(name, "1", "22", "333")
    for page in load_pages(path):
        assert page.picture is not None
        np.testing.assert_array_equal(load_page(path, page.page), page.picture)
    marked = predict(path).annotate(path.parent / "marked")
    names = ["scan-page-1.png", "scan-page-2.png", "scan-page-3.png"]
    assert [one.name for one in marked] == names
    widths = [Image.open(one).width for one in marked]
    assert widths == sorted(widths)
    assert len({*widths}) == 3


def test_a_broken_page_of_a_pdf_is_named_and_the_rest_read(
    template_reader: Any, write: Any
) -> None:
    path = write("scan.pdf", "17", "5", "408")
    data = path.read_bytes()
    (kids,) = re.findall(rb"/Kids \[([^\]]*)\]", data)
    second = kids.split()[3]
    broken = kids.replace(second + b" 0 R", b"9" * len(second) + b" 0 R")
    path.write_bytes(data.replace(kids, broken))
    prediction = predict(path)
    assert [one.digits for one in prediction.files] == ["17", "", "408"]
    assert [one.failed for one in prediction.files] == [False, True, False]
    assert str(prediction.files[1].error).startswith(f"cannot read {path}, page 2: ")
    assert "\n" not in str(prediction.files[1].error)
    assert prediction.sum == 20
    assert prediction.scope == "5 digits in 2 pages; 1 not read"


def test_a_broken_page_of_a_tiff_is_named_and_the_rest_read(
    template_reader: Any, write: Any
) -> None:
    path = write("scan.tif", "17", "5", "408", compression="tiff_deflate")
    with Image.open(path) as image:
        image.seek(1)
        start, length = image.tag_v2[273][0], image.tag_v2[279][0]
    data = bytearray(path.read_bytes())
    data[start : start + length] = b"\xff" * length
    path.write_bytes(data)
    readings = predict(path).files
    assert [one.digits for one in readings] == ["17", "", "408"]
    assert str(readings[1].error).startswith(f"cannot read {path}, page 2: the picture is damaged")


def test_pages_that_cannot_be_found_are_named_once(template_reader: Any, write: Any) -> None:
    path = write("scan.tif", "17", "5", "408")
    data = bytearray(path.read_bytes())
    # The first directory's link to the next one leads behind the end of the file.
    directory = struct.unpack_from("<I", data, 4)[0]
    link = directory + 2 + 12 * struct.unpack_from("<H", data, directory)[0]
    struct.pack_into("<I", data, link, len(data) - 1)
    path.write_bytes(data)
    readings = predict(path).files
    assert [one.page for one in readings] == [1, 2]
    assert readings[0].digits == "17"
    assert str(readings[1].error).startswith(f"cannot read {path}, page 2: the file is damaged")


def test_small_copies_in_a_tiff_are_no_pages(
    template_reader: Any, draw: Callable[[str], Image.Image], tmp_path: Path
) -> None:
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    small = draw("17").resize((40, 20))
    info = ImageFileDirectory_v2()
    info[254] = 1
    small.encoderinfo = {"tiffinfo": info}  # type: ignore[attr-defined]
    draw("17").save(tmp_path / "a.tif", save_all=True, append_images=[small])
    with Image.open(tmp_path / "a.tif") as image:
        image.seek(1)
        assert image.tag_v2[254] == 1
    (reading,) = predict(tmp_path / "a.tif").files
    assert (reading.page, reading.digits) == (None, "17")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (pdf_of_pages(), "the PDF is damaged, cut off or empty"),
        (b"%PDF-1.4\nnothing", "the PDF is damaged, cut off or empty"),
        (pdf_of_pages((99, 99))[:60], "the PDF is damaged, cut off or empty"),
        (
            raw_pdf(
                "<</Type/Catalog /Pages 2 0 R>>",
                "<</Type/Pages /Kids[] /Count 0>>",
                trailer="/ID[<00><00>] /Encrypt<</Filter/Standard /V 1 /R 2 /P -4 "
                f"/O<{'41' * 32}> /U<{'42' * 32}>>>",
            ),
            "it is encrypted: save a copy without a password first",
        ),
    ],
    ids=["empty", "garbage", "cut", "encrypted"],
)
def test_a_pdf_that_cannot_be_read_is_one_line(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "a.pdf").write_bytes(data)
    (reading,) = predict(tmp_path / "a.pdf").files
    assert reading.error == f"cannot read {tmp_path / 'a.pdf'}: {message}"


@pytest.mark.parametrize("name", ["scan.tif", "scan.pdf"])
def test_too_many_pages_are_refused(write: Any, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(documents, "MOST_PAGES", 2)
    (page,) = load_pages(write(name, "1", "2", "3"))
    assert page.error is not None
    assert page.error.endswith("it has more than 2 pages: split it first")
    assert len(list(load_pages(write(f"two-{name}", "1", "2")))) == 2


def test_pages_are_read_in_groups_of_bounded_size(
    template_reader: Any, write: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handsum.reading.predict._PIXELS_AT_ONCE", 2 * 113 * 113)
    path = write("scan.pdf", *"78787")
    assert [one.digits for one in predict(path).files] == [*"78787"]
    assert template_reader.calls == [2, 2, 1]


@pytest.mark.parametrize("name", ["film.gif", "film.webp", "film.png"])
def test_an_animation_is_read_by_its_first_frame_with_a_note(
    template_reader: Any, write: Any, name: str
) -> None:
    path = write(name, "17", "40")
    prediction = predict([path, write("still.png", "5")])
    assert [one.digits for one in prediction.files] == ["17", "5"]
    assert prediction.files[0].page is None
    (note,) = prediction.notes
    assert note == f"{path}: it is an animation: only its first frame is read"


def test_heic_is_read(template_reader: Any, draw: Any, tmp_path: Path) -> None:
    import pillow_heif

    path = tmp_path / "photo.heic"
    pillow_heif.from_pillow(draw("274").convert("RGB")).save(path, quality=95)
    assert predict(tmp_path).files[0].digits == "274"
    assert predict(path).notes == ()
    assert load_picture(path).shape == (112, 336)


@pytest.mark.parametrize(
    ("name", "package", "extra"), [("a.pdf", "pypdfium2", "pdf"), ("a.heic", "pillow_heif", "heif")]
)
def test_a_missing_extra_is_named(
    draw: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, package: str, extra: str
) -> None:
    import pillow_heif

    path = tmp_path / name
    if name == "a.heic":
        pillow_heif.from_pillow(draw("274").convert("RGB")).save(path)
    else:
        draw("274").save(path)
    monkeypatch.setitem(sys.modules, package, None)
    (reading,) = predict(path).files
    assert str(reading.error).startswith(f"cannot read {path}: ")
    assert f'"handsum[{extra}]"' in str(reading.error)
    assert "\n" not in str(reading.error)


def names_of(paths: Sequence[str]) -> list[str]:
    return [Path(path).name for path in paths]


def test_a_folder_of_all_kinds(template_reader: Any, write: Any, tmp_path: Path) -> None:
    write("b.pdf", "17", "5")
    write("a.tif", "408", "6")
    write("c.png", "9")
    for number in range(7):
        (tmp_path / f"notes {number}.txt").write_text("no picture")
    (tmp_path / ".hidden").write_text("")
    (tmp_path / "more").mkdir()
    prediction = predict(tmp_path)
    assert [(Path(one.file).name, one.page) for one in prediction.files] == [
        ("a.tif", 1), ("a.tif", 2), ("b.pdf", 1), ("b.pdf", 2), ("c.png", None),
    ]  # fmt: skip
    assert prediction.scope == "8 digits in 1 picture and 4 pages"
    assert names_of(prediction.left_out) == ["more", *(f"notes {one}.txt" for one in range(7))]
    (note,) = prediction.notes
    assert note == (
        f"left out of {tmp_path}: more, notes 0.txt, notes 1.txt, notes 2.txt, notes 3.txt "
        "and 3 more, which are no pictures or PDFs"
    )


def test_a_pdf_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    for start, is_pdf in ((b"", True), (bytes(900), True), (bytes(2000), False)):
        (tmp_path / "a").write_bytes(start + b"%PDF-1.4")
        with (tmp_path / "a").open("rb") as file:
            assert pdf.is_pdf(file) is is_pdf
