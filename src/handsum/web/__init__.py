"""The page where people try the package, and the JSON API behind it."""
