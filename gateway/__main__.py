"""`python -m gateway` is `imsgw`."""

from gateway.cli import main

if __name__ == "__main__":
    main()
