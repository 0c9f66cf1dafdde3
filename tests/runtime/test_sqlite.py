"""The SQLite library beside threads and garbage: a fault in it ends the process, so it is tried in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.sqlite_only

CLOSES_AS_GARBAGE_IS_COLLECTED = """
import gc, threading
import timebank.sqlite
import django
django.setup()
from django.db import connection

class Knot:
    def __init__(self, cursor):
        self.cursor, self.itself = cursor, self

def come_and_go():
    for _ in range(40):
        for number in range(20):
            cursor = connection.cursor()
            cursor.execute(f"WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x, {number} FROM n")
            cursor.fetchone()
            Knot(cursor)
        with connection.cursor() as cursor:
            cursor.execute("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 9999) SELECT max(x) FROM n")
            assert cursor.fetchone() == (9999,)
        connection.close()

def collect():
    while any(thread.is_alive() for thread in threads):
        gc.collect()

gc.disable()
threads = [threading.Thread(target=come_and_go) for _ in range(3)]
for thread in threads:
    thread.start()
collect()
print("alive")
"""


def test_a_connection_closed_while_another_thread_collects_its_cursors_kills_nobody(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", CLOSES_AS_GARBAGE_IS_COLLECTED],
        env=os.environ | {"VAR_DIR": str(tmp_path), "DATABASE_URL": "", "DJANGO_SETTINGS_MODULE": "timebank.settings"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert (ended.returncode, ended.stdout) == (0, "alive\n"), ended.stderr
