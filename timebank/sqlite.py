"""Which SQLite library the process uses; imported before Django by every way into the program.

SQLite 3.7.0 to 3.51.2 can corrupt a write-ahead log when two connections write and checkpoint at
the same moment, which is how Timebank runs. The ``pysqlite3`` wheel carries a newer library; it
has no wheel for every platform, so the system's library stands in and ``timebank.checks`` says
what that means.
"""

from __future__ import annotations

import sqlite3
import sys
from contextlib import suppress

FIRST_SOUND_VERSION = (3, 51, 3)


def use_the_bundled_library() -> None:
    """Let ``import sqlite3`` mean pysqlite3 in this process, where it is installed."""
    try:
        import pysqlite3
        import pysqlite3.dbapi2
    except ImportError:
        return
    sys.modules["sqlite3"] = pysqlite3
    sys.modules["sqlite3.dbapi2"] = pysqlite3.dbapi2


def connection_class() -> type[sqlite3.Connection]:
    """What Django is to open its connections with, as sqlite3's ``factory``.

    pysqlite3's own ``close`` frees the statements of cursors that still wait to be collected as garbage. Where another
    thread is just collecting one, the process dies. Let go instead, a connection is closed by whoever gives up its last
    cursor, usually at once.
    """
    library = sys.modules["sqlite3"]
    if library is sqlite3:  # it never frees what a cursor still has
        return sqlite3.Connection

    class LetGo(library.Connection):  # type: ignore[name-defined]
        def close(self) -> None:
            with suppress(library.Error):
                self.rollback()

    return LetGo


def version_in_use() -> tuple[int, ...]:
    """The version of the SQLite library Django talks to, such as ``(3, 53, 4)``."""
    library = sys.modules.get("sqlite3", sqlite3)
    return tuple(int(part) for part in library.sqlite_version.split("."))


def is_affected(version: tuple[int, ...]) -> bool:
    """Whether this version has the WAL-reset fault."""
    return (3, 7, 0) <= version < FIRST_SOUND_VERSION


use_the_bundled_library()
