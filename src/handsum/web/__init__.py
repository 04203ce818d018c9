"""The web page of `handsum web` and the JSON API that it uses."""
