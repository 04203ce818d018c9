"""`handsum web`: the page where people try the package."""

from __future__ import annotations

from typing import Annotated

import typer

from handsum.cli.console import err


def web(
    host: Annotated[
        str, typer.Option(help="The address to serve at; others than this reach the network.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port; 0 for one that is free.")
    ] = 8000,
    open_browser: Annotated[
        bool, typer.Option("--open", help="Open the page in the browser.")
    ] = False,
) -> None:
    """Open a page to draw and identify, write, generate, mix and look inside.

    It needs the extra: pip install "handsum\\[web]". The page works without network, and keeps
    nothing of what is drawn or uploaded. /docs describes the JSON API behind it.

    Examples:

    handsum web --open

    handsum web --port 9000
    """
    from handsum.web.server import serve

    serve(host, port, open_browser, lambda line: err().print(line, markup=False))
