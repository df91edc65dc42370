"""`python -m aibc` is `aibc`."""

from aibc.cli import main

if __name__ == "__main__":
    main()
