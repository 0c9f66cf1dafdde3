"""A var/ made once for all workers of a run: started from nothing and stopped again, and another with the demo in it."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

_PLACE = "TIMEBANK_TESTS_READY"  # where the workers of this run look for it


def make_room() -> None:
    """Called once in a run, before there are workers."""
    os.environ[_PLACE] = tempfile.mkdtemp(prefix="timebank-ready-")


def clear_away() -> None:
    shutil.rmtree(os.environ.pop(_PLACE), ignore_errors=True)


def copy_ready_var(target: Path, *, demo: bool = False) -> None:
    """Fill ``target`` with what a server finds at its second start; whoever comes first makes it."""
    source = _source("demo" if demo else "plain")
    for path in source.iterdir():
        if path.name == "static":  # only read
            (target / "static").symlink_to(path)
        elif path.is_dir():
            shutil.copytree(path, target / path.name)
        else:
            shutil.copy2(path, target / path.name)


def copy_ready_database(target: Path) -> None:
    """Fill ``target`` with the database of that var/: every migration is in it, and nobody."""
    with (
        closing(sqlite3.connect(_source("plain") / "timebank.sqlite3")) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy)


def _source(name: str) -> Path:
    source = Path(os.environ[_PLACE]) / name
    with (source.parent / f"{source.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not source.exists():
            _make(source, demo=name == "demo")
    return source


def _make(source: Path, *, demo: bool) -> None:
    from .live import Server

    with Server(ready=demo) as server:
        if demo:
            server.manage("demo", timeout=300)
        assert server.stop() == 0
        half = source.with_suffix(".half")
        shutil.copytree(server.var_dir, half, symlinks=True, ignore=shutil.ignore_patterns("*.log", "*.lock"))
        half.rename(source)
