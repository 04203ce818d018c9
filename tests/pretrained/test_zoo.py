"""The list of the zoo's models."""

from __future__ import annotations

from handsum.pretrained.snapshots import weights_folder
from handsum.pretrained.zoo import list_models


def test_the_zoo_lists_what_is_bundled() -> None:
    rows = {row["name"]: row for row in list_models()}
    assert {"cnn", "judge", "r3gan"} <= rows.keys()
    for row in rows.values():
        if not row["bundled"]:
            assert row["parameters"] is row["bytes"] is None
            assert row["figures"] == {}
            continue
        assert row["bytes"] <= 4 * 2**20
        assert row["parameters"] > 0
        assert row["figures"]
        card = (weights_folder(row["name"]) / "README.md").read_text()
        assert f"{row['parameters']:,}" in card
        assert all(figure["text"] in card for figure in row["figures"].values())
