"""What a picture or an archive says about itself, in any format."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from PIL import Image

SVG = "{http://www.w3.org/2000/svg}"
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
XMP = "{http://ns.adobe.com/xap/1.0/}"
DUBLIN_CORE = "{http://purl.org/dc/elements/1.1/}"
OWN = "{urn:handsum:}"


def read_facts(path: Path) -> dict[str, str]:
    """The metadata of a PNG, GIF, SVG or NPZ file."""
    ending = path.suffix.lower()
    if ending == ".svg":
        return svg_facts(path.read_bytes())
    if ending == ".npz":
        with np.load(path) as arrays:
            return json.loads(str(arrays["metadata"]))
    with Image.open(path) as image:
        return json.loads(image.info["comment"]) if ending == ".gif" else dict(image.text)


def svg_facts(data: bytes) -> dict[str, str]:
    """The metadata of an SVG, with the names that the other formats have."""
    root = ElementTree.fromstring(data)
    (about,) = root.findall(f"{SVG}metadata/{RDF}RDF/{RDF}Description")
    assert about.get(f"{RDF}about") == ""
    facts = {}
    for fact in about:
        if fact.tag == f"{XMP}CreatorTool":
            facts["Software"] = fact.text or ""
        elif fact.tag.startswith(OWN):
            facts[fact.tag.replace(OWN, "handsum:")] = fact.text or ""
        else:
            assert fact.tag.startswith(DUBLIN_CORE)
    return facts


def svg_title(data: bytes) -> str:
    """The title in the metadata of an SVG."""
    path = f"{SVG}metadata/{RDF}RDF/{RDF}Description/{DUBLIN_CORE}title/{RDF}Alt/{RDF}li"
    return ElementTree.fromstring(data).findtext(path) or ""
