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
        ({"scale": 0.0}, "use 0.25 to 64"),
        ({"scale": float("nan")}, "use 0.25 to 64"),
        ({"scale": 65.0}, "use 0.25 to 64"),
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
        ({"height": "12cm"}, "1417.32 pixels at 300 dpi: use 5 to 1280"),
    ],
)
def test_a_wrong_style_is_an_error_of_one_line(fields: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message) as raised:
        Style(**fields)  # type: ignore[arg-type]
    assert "\n" not in str(raised.value)
