"""`python -m handsum` is the `handsum` command."""

from handsum.cli.app import main

if __name__ == "__main__":
    main()
