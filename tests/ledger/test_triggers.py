"""The triggers are where they should be: after every kind of migration, and at every start."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, migrations, models
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.writer import MigrationWriter

import ledger
from ledger import triggers
from ledger.models import Account, Entry, Hold, Leaf, Note, Record, Transfer
from tests.live import free_port
from tests.ready import copy_ready_var

from .stories import neighbours, pay

LEDGER_MIGRATIONS = Path(ledger.__file__ or "").parent / "migrations"

# One column of each table to be altered so that SQLite rebuilds the table, and so its triggers go.
REBUILT = [
    (Account, "public_id"),
    (Hold, "key"),
    (Note, "text"),
    (Transfer, "public_id"),
    (Entry, "amount_minutes"),
    (Record, "body"),
    (Leaf, "hash"),
]


def drop_one(name: str) -> None:
    trigger = next(trigger for trigger in triggers.TRIGGERS if trigger.name == name)
    on = f" ON {trigger.table}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name}{on}")


@pytest.mark.django_db
def test_a_migrated_database_has_every_trigger() -> None:
    assert triggers.missing() == []
    triggers.verify()


@pytest.mark.django_db
def test_a_missing_trigger_is_named() -> None:
    drop_one("books_entry_never_changed")

    with pytest.raises(triggers.TriggersMissing, match=r"missing or differ: books_entry_never_changed\..*migrate"):
        triggers.verify()


@pytest.mark.django_db
def test_a_trigger_that_says_something_else_is_named() -> None:
    drop_one("books_transfer_never_deleted")
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "CREATE OR REPLACE FUNCTION books_transfer_never_deleted() RETURNS trigger LANGUAGE plpgsql"
                " AS $$BEGIN RETURN OLD; END$$"
            )
            cursor.execute(
                "CREATE TRIGGER books_transfer_never_deleted BEFORE DELETE ON ledger_transfer"
                " FOR EACH ROW EXECUTE FUNCTION books_transfer_never_deleted()"
            )
        else:
            cursor.execute(
                "CREATE TRIGGER books_transfer_never_deleted BEFORE DELETE ON ledger_transfer BEGIN SELECT 1; END"
            )

    assert triggers.missing() == ["books_transfer_never_deleted"]


@pytest.mark.django_db
def test_a_trigger_switched_off_is_named() -> None:
    if connection.vendor != "postgresql":
        return  # SQLite has no such switch
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ledger_record DISABLE TRIGGER books_record_never_changed")

    assert triggers.missing() == ["books_record_never_changed"]


@pytest.mark.django_db
def test_triggers_of_another_version_go_when_a_migration_runs() -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "CREATE FUNCTION books_old_rule() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$"
            )
            cursor.execute(
                "CREATE TRIGGER books_old_rule BEFORE INSERT ON ledger_hold FOR EACH ROW EXECUTE FUNCTION books_old_rule()"
            )
        else:
            cursor.execute("CREATE TRIGGER books_old_rule BEFORE INSERT ON ledger_hold BEGIN SELECT 1; END")

    triggers.install()

    with connection.cursor() as cursor:
        assert "books_old_rule" not in {name for name, _ in triggers._installed_names(cursor)}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("model", "name"), REBUILT, ids=lambda value: getattr(value, "__name__", value))
def test_a_migration_that_rebuilds_a_table_leaves_all_triggers_in_place(
    model: type[models.Model], name: str, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real `manage.py migrate`, there and back, over a migration on disk."""
    ana, bento = neighbours(60, 0)
    pay(ana, bento, 20, note="Thank you")
    rows = list(model._default_manager.order_by("pk").values())
    package = f"migrations_that_rebuild_{model.__name__.lower()}"
    _write_migrations(tmp_path / package, model, name)
    monkeypatch.syspath_prepend(tmp_path)
    settings.MIGRATION_MODULES = {"ledger": package}
    seen_within.clear()

    call_command("migrate", "ledger", verbosity=0)
    try:
        assert triggers.missing() == []
        assert list(model._default_manager.order_by("pk").values()) == rows
    finally:
        call_command("migrate", "ledger", _last_migration(), verbosity=0)

    assert triggers.missing() == []
    assert list(model._default_manager.order_by("pk").values()) == rows
    assert seen_within == [[], []]  # gone while it ran, both times: no rebuild could fail on them


seen_within: list[list[str]] = []


def look_from_within(_apps: object, _editor: object) -> None:
    """A step of the migration: which triggers are there while it runs."""
    with connection.cursor() as cursor:
        seen_within.append([name for name, _table in triggers._installed_names(cursor)])


def _last_migration() -> str:
    return max(path.stem for path in LEDGER_MIGRATIONS.glob("[0-9]*.py"))


def _write_migrations(folder: Path, model: type[models.Model], name: str) -> None:
    """The ledger's migrations, and after them one that alters a column in a way no database does without
    touching the table; SQLite makes the table anew.
    """
    shutil.copytree(LEDGER_MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    field = model._meta.get_field(name).clone()
    field.null = True
    migration = migrations.Migration("9999_altered", "ledger")
    migration.dependencies = [("ledger", _last_migration())]
    migration.operations = [
        migrations.RunPython(look_from_within, look_from_within),
        migrations.AlterField(model._meta.model_name or "", name, field),
    ]
    (folder / "9999_altered.py").write_text(MigrationWriter(migration).as_string())


@pytest.mark.django_db
def test_migrate_itself_puts_triggers_back() -> None:
    drop_one("books_entry_never_changed")

    call_command("migrate", "ledger", verbosity=0)

    assert triggers.missing() == []
    assert MigrationRecorder(connection).migration_qs.filter(app="ledger").exists()


@pytest.mark.django_db
def test_check_ledger_names_a_missing_trigger() -> None:
    drop_one("books_leaf_never_deleted")

    with pytest.raises(CommandError, match="books_leaf_never_deleted") as refused:
        call_command("check_ledger")

    assert refused.value.returncode == 1


@pytest.mark.sqlite_only
def test_a_start_without_a_trigger_refuses_and_names_it(tmp_path: Path) -> None:
    """The real command on a database of its own; what a person at the terminal reads."""
    manage = [sys.executable, str(Path(__file__).parents[2] / "manage.py")]
    environment = {"VAR_DIR": str(tmp_path), "PATH": "", "PORT": str(free_port())}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*manage, *arguments], env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    copy_ready_var(tmp_path)
    dropped = run(
        "shell",
        "-v0",
        "-c",
        "from django.db import connection as c; c.cursor().execute('DROP TRIGGER books_hold_begins_held')",
    )
    assert dropped.returncode == 0, dropped.stderr

    refused = run("serve")

    assert refused.returncode != 0
    assert "books_hold_begins_held" in refused.stderr
    assert "Traceback" not in refused.stderr
