"""`python -m daemon`: the same as the installed command `ringkeeper`."""

from __future__ import annotations

from daemon.cli.main import main

if __name__ == "__main__":
    main()
