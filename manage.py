#!/usr/bin/env python3
"""Every command of Timebank starts here."""

import os
import sys

import timebank.sqlite  # noqa: F401  before Django, so that it meets the right SQLite library


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "timebank.settings")
    from timebank.starting import run_command

    run_command(sys.argv)


if __name__ == "__main__":
    main()
