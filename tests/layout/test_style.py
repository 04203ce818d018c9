"""Style: sizes, colours and gaps, checked where a style is made."""

from __future__ import annotations

import pytest

from handsum.errors import UsageError
from handsum.layout.style import Style


@pytest.mark.parametrize(
    ("fields", "factor", "resolution"),
    [
        ({}, 4, None),
        ({"cells": True}, 1, None),
        ({"scale": 2.5}, 2.5, None),
        ({"height": 80}, 4, None),
        ({"height": "80"}, 4, None),
        ({"height": "80px", "dpi": 150}, 4, 150),
        ({"height": "25.4mm"}, 15, 300),
        ({"height": " 1IN "}, 15, 300),
        ({"height": "1in", "dpi": 100}, 5, 100),
        ({"height": "72pt"}, 15, 300),
    ],
)
def test_a_height_or_a_scale_sets_the_size(
    fields: dict[str, object], factor: float, resolution: float | None
) -> None:
    style = Style(**fields)  # type: ignore[arg-type]
    assert style.factor == pytest.approx(factor)
    assert style.resolution == resolution


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"ink": "wite"}, "unknown colour 'wite'"),
        ({"ink": 7}, "unknown colour 7"),
        ({"paper": "#12345"}, "unknown colour"),
        ({"paper": "#11223344"}, "unknown colour"),
        ({"ink": "white"}, "both white: choose another `ink`"),
        ({"paper": "black", "ink": "#000"}, "both black"),
        ({"scale": 0.0}, "use 0.25 to 1000"),
        ({"scale": float("nan")}, "use 0.25 to 1000"),
        ({"scale": 1001.0}, "use 0.25 to 1000"),
        ({"scale": "4"}, "a scale is a number, not '4'"),
        ({"spacing": "banana"}, "`spacing` is True or False, not 'banana'"),
        ({"wide": 1}, "`wide` is True or False, not 1"),
        ({"cells": None}, "`cells` is True or False, not None"),
        ({"cells": True, "wide": True}, "`cells` has no gaps: leave out `wide` or `cells`"),
        ({"cells": True, "spacing": True}, "`cells` has no gaps: leave out `spacing`"),
        ({"dpi": 0}, "0 dpi is out of range: use 1 to 10000"),
        ({"dpi": "300"}, "dpi is a number"),
        ({"height": "5furlongs"}, "a height is one such as 80, 12mm or 0.5in"),
        ({"height": 40, "scale": 2}, "give either `scale` or `height`, not both"),
        ({"height": "2m"}, "a height is one such as 80, 12mm or 0.5in"),
        ({"height": "200cm"}, "23622 pixels at 300 dpi: use 5 to 20000"),
        ({"height": 20001}, "use 5 to 20000"),
        ({"pen": "brush"}, "no pen 'brush': use fine, ballpoint, felt, marker, or a width"),
        ({"pen": "fin"}, "did you mean fine"),
        ({"pen": 0}, "out of range: use 0.002 to 0.3"),
        ({"pen": 0.31}, "out of range: use 0.002 to 0.3"),
        ({"pen": "-0.1"}, "no pen '-0.1'"),
        ({"pen": True}, "no pen True"),
        ({"pen": "1mm"}, "needs a size on paper: give a `height` in mm, or a `dpi`"),
        ({"pen": "13mm", "height": "12mm"}, "is 1.1 of a digit's height, out of range"),
        ({"as_drawn": 1}, "`as_drawn` is True or False, not 1"),
    ],
)
def test_a_wrong_style_is_an_error_of_one_line(fields: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message) as raised:
        Style(**fields)  # type: ignore[arg-type]
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("fields", "width"),
    [
        ({"pen": "0.5mm", "height": "10mm"}, 0.05),
        ({"pen": "1mm", "height": 100, "dpi": 254}, 0.1),
        ({"pen": 0.07}, 0.07),
        ({"pen": " 0.07 "}, 0.07),
        ({}, None),
    ],
)
def test_a_pen_has_a_width_in_shares_of_the_height(
    fields: dict[str, object], width: float | None
) -> None:
    assert Style(**fields).nib.width == (width and pytest.approx(width))  # type: ignore[arg-type]
