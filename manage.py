#!/usr/bin/env python3
"""Every command of Timebank starts here."""

import os
import sys

import timebank.sqlite  # noqa: F401  before Django, so that it meets the right SQLite library


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "timebank.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:  # a setting that is missing or makes no sense: its sentence is enough
        sys.exit(str(error))


if __name__ == "__main__":
    main()
