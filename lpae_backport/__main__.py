# SPDX-License-Identifier: GPL-2.0-only
"""Lets ``python -m lpae_backport`` run the program."""

from lpae_backport.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
