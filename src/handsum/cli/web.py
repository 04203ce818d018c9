"""`handsum web`: the web page."""

from __future__ import annotations

from typing import Annotated

import typer

from handsum.cli.console import err


def web(
    host: Annotated[
        str,
        typer.Option(
            help="Address to serve on; 0.0.0.0 for the whole network, with a token in the address."
        ),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 chooses a free one.")] = 8000,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Another name under which the server is reached, such as a proxy's; repeatable.",
        ),
    ] = None,
    open_browser: Annotated[
        bool, typer.Option("--open", help="Open the page in the browser.")
    ] = False,
) -> None:
    """Serve a web page to write, read, generate, mix and compare digits.

    The page works offline and stores nothing that you draw or upload. /docs describes its JSON API.
    Needs the extra handsum\\[web].

    Examples:

    handsum web --open

    handsum web --port 9000
    """
    from handsum.web.server import serve

    # A line is not wrapped: a terminal would not open the whole address.
    serve(
        host,
        port,
        open_browser,
        lambda line: err().print(line, markup=False, soft_wrap=True),
        allow_host or (),
    )
