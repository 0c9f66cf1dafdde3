"""The triggers are where they should be: after every kind of migration, and at every start."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, migrations, models
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from ledger import triggers
from ledger.apps import _after_migrations, _before_migrations
from ledger.models import Account, Entry, Hold, Leaf, Note, Record, Transfer
from tests.live import free_port

from .stories import neighbours, pay

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
def test_a_migration_that_rebuilds_a_table_leaves_all_triggers_in_place(model: type[models.Model], name: str) -> None:
    ana, bento = neighbours(60, 0)
    pay(ana, bento, 20, note="Thank you")
    rows = model._default_manager.count()

    _migrate(_altered(model, name, widened=True))
    try:
        assert triggers.missing() == []
        assert model._default_manager.count() == rows
    finally:
        _migrate(_altered(model, name, widened=False))
    assert triggers.missing() == []


def _altered(model: type[models.Model], name: str, *, widened: bool) -> migrations.Migration:
    """A migration that alters one column in a way that no database can do without touching the table."""
    field = model._meta.get_field(name).clone()
    if widened:
        field.db_comment = "altered"
        field.null = True
    migration = migrations.Migration("9999_altered", "ledger")
    migration.operations = [migrations.AlterField(model._meta.model_name or "", name, field)]
    return migration


def _migrate(migration: migrations.Migration) -> None:
    """Run one migration as `manage.py migrate` does, from one signal to the other."""
    executor = MigrationExecutor(connection)
    state = executor.loader.project_state(executor.loader.graph.leaf_nodes())
    if not migration.operations[0].field.null:  # type: ignore[attr-defined]
        operation = migration.operations[0]
        widened = operation.field.clone()  # type: ignore[attr-defined]
        widened.null = True
        migrations.AlterField(operation.model_name, operation.name, widened).state_forwards("ledger", state)  # type: ignore[attr-defined]
    _before_migrations(using="default", plan=[(migration, False)])
    with connection.schema_editor(atomic=migration.atomic) as editor:
        migration.apply(state, editor)
    assert triggers.missing() != []  # gone, so that the rebuild could not fail on them
    _after_migrations(using="default")


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

    assert run("migrate", "-v0").returncode == 0
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
