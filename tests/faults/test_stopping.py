"""Starting and stopping the one process: cleanly, alone, and in one clear sentence when it cannot."""

from __future__ import annotations

import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.live import BASE_DIR, manage

from .town import Answer, Person, Town, new_nonce, typed


def test_a_server_asked_to_stop_under_load_ends_cleanly(embedded_town: Town) -> None:
    town = embedded_town
    sender, recipient = town.people()
    for how in (signal.SIGTERM, signal.SIGINT):
        town.start()
        posted_before = town.books()["transfers"]
        answers: list[Answer] = []
        payer = threading.Thread(target=pay_until_the_end, args=(town, sender, recipient, answers))
        payer.start()
        while len(answers) < 10:
            time.sleep(0.01)

        assert town.stop("site", how) == 0
        payer.join()

        books = town.books()
        accepted = sum(answer.status == 302 for answer in answers)
        assert books["faults"] == []
        assert sum(books["holds"].values()) - posted_before in {accepted, accepted + 1}  # the last may have met the end

    town.start()
    town.wait_until_at_rest(sum(books["holds"].values()))


def pay_until_the_end(town: Town, sender: Person, recipient: Person, answers: list[Answer]) -> None:
    for _ in range(300):
        try:
            answers.append(town.pay(sender, recipient, 1))
        except OSError:
            return


def test_a_second_server_on_the_same_var_is_refused_in_a_sentence(lone_town: Town) -> None:
    lone_town.start()

    second = manage("serve", env=lone_town.env)

    assert second.returncode == 1
    assert second.stderr.strip() == f"Another server is already running on {lone_town.var}: stop it, or set VAR_DIR."


def test_a_busy_port_is_refused_in_a_sentence(lone_town: Town) -> None:
    with socket.create_server(("127.0.0.1", lone_town.port)):
        done = manage("serve", env=lone_town.env)

    assert done.returncode == 1
    assert done.stderr.strip().startswith(f"Cannot listen on 127.0.0.1:{lone_town.port} (Address already in use)")
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("env", "sentence"),
    [  # the others are told in tests/runtime
        ({"BROKER_URL": "amqp://127.0.0.1:9/"}, "BROKER_URL needs REDIS_URL and DATABASE_URL as well"),
        ({"PRODUCTION": "1", "SECRET_KEY": "x" * 60}, "SITE_URL must be set in production"),
        ({"PORT": "eight"}, "PORT must be a whole number, not 'eight'"),
        ({"PRODUCTION": "banana"}, "PRODUCTION must be 1 or 0"),
        ({"VAR_DIR": "/etc/passwd"}, "VAR_DIR must be a folder"),
        ({"DATABASE_URL": "postgres://nobody@127.0.0.1:9/x"}, "The database does not answer"),
    ],
    ids=["broker alone", "production", "no number", "neither yes nor no", "no folder", "no database"],
)
def test_settings_that_do_not_fit_are_refused_in_a_sentence(
    lone_town: Town, env: dict[str, str], sentence: str
) -> None:
    done = manage("serve", env=lone_town.env | env)

    assert done.returncode == 1
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


WORKER = ("-m", "celery", "-A", "timebank.celery", "worker", "--without-gossip", "--without-mingle")


@pytest.mark.parametrize(
    "command", [("manage.py", "serve"), ("manage.py", "relay"), WORKER], ids=["site", "relay", "worker"]
)
def test_a_start_without_a_trigger_is_refused_and_names_it(lone_town: Town, command: tuple[str, ...]) -> None:
    with sqlite3.connect(lone_town.var / "timebank.sqlite3") as database:
        (name,) = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name").fetchone()
        database.execute(f'DROP TRIGGER "{name}"')
    database.close()

    done = subprocess.run(
        [sys.executable, *command],
        cwd=BASE_DIR,
        env=lone_town.env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.startswith("The database does not guard the books: ")
    assert name in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


# A script's shell has what it runs in the background ignore Ctrl-C.
AS_FROM_A_SCRIPT = ("sh", "-c", "trap '' INT; exec \"$@\"", "sh")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_server_asked_to_stop_while_it_builds_the_demo_leaves_nobody_half_there(
    lone_town: Town, how: signal.Signals
) -> None:
    serve = subprocess.Popen(
        [*AS_FROM_A_SCRIPT, sys.executable, "-u", "manage.py", "serve", "--demo"],
        cwd=BASE_DIR,
        env=lone_town.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert serve.stdout is not None
        assert serve.stdout.readline().startswith("Building the demo community")
        time.sleep(1)
        serve.send_signal(how)
        said, complaints = serve.communicate(timeout=30)
    finally:
        serve.kill()

    assert (serve.returncode, said, complaints) == (0, "Stopped.\n", "")
    with sqlite3.connect(lone_town.var / "timebank.sqlite3") as database:
        assert database.execute("SELECT count(*) FROM accounts_member WHERE state <> 'steward'").fetchone() == (0,)
    database.close()


def test_full_mode_says_what_it_needs() -> None:
    done = subprocess.run(
        [sys.executable, str(BASE_DIR / "deploy/run-full")],
        env={"PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.startswith("Full mode needs BROKER_URL (such as")
    assert len(done.stderr.splitlines()) == 1


# --- SQLite held by somebody else ------------------------------------------------------------------

HELD_SECONDS = 12
DEADLINE_SECONDS = 8


def test_a_locked_database_answers_503_in_time_and_the_next_try_works(embedded_town: Town) -> None:
    town = embedded_town
    sender, recipient = town.people()
    town.start()
    nonce = new_nonce()
    locked = threading.Event()
    holder = threading.Thread(target=hold_the_write_lock, args=(town.var / "timebank.sqlite3", locked))
    holder.start()
    locked.wait()

    refused = town.pay(sender, recipient, 60, nonce)
    seen = town.get("/healthz")

    assert refused.status == 503
    assert int(refused.headers["retry-after"]) > 0
    assert refused.seconds < DEADLINE_SECONDS + 2
    assert seen.status == 200
    holder.join()
    assert town.books()["holds"] == {}
    assert town.pay(sender, recipient, 60, nonce).status == 302
    town.wait_until_at_rest(1)


def test_a_locked_database_loses_nothing_that_was_typed(embedded_town: Town) -> None:
    town = embedded_town
    sender, recipient = town.people()
    town.start()
    locked = threading.Event()
    holder = threading.Thread(target=hold_the_write_lock, args=(town.var / "timebank.sqlite3", locked))
    holder.start()
    locked.wait()

    form = typed(recipient, 90, "Thank you for the soup.")
    refused = town.post("/send/review/", form, sender)

    assert refused.status == 503
    assert int(refused.headers["retry-after"]) > 0
    assert refused.seconds < DEADLINE_SECONDS + 2
    assert "The books are busy just now." in refused.text
    assert 'value="90 min"' in refused.text
    assert "Thank you for the soup." in refused.text
    holder.join()
    assert town.post("/send/review/", form, sender).status == 302


def hold_the_write_lock(path: Path, locked: threading.Event) -> None:
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("BEGIN EXCLUSIVE")
    locked.set()
    time.sleep(HELD_SECONDS)
    database.execute("ROLLBACK")
    database.close()
