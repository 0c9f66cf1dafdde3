"""The other side of bench/beside.py: django-hordak's own transfer, on a database of its own, as orders come in.

Runs in an environment of its own (requirements-bench.lock) and knows nothing of Timebank. An order is a line: what
to do and how often; the answer is how many a second.
"""

from __future__ import annotations

import random
import sys
import time
from importlib.metadata import version
from typing import Any

ACCOUNTS = 60
CURRENCY = "EUR"
MUCH = 1_000_000


def start(url: str) -> list[Any]:
    """Tables and accounts that never run dry."""
    import dj_database_url
    import django
    from django.conf import settings
    from django.core.management import call_command

    settings.configure(
        DATABASES={"default": dj_database_url.parse(url)},
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "djmoney", "mptt", "hordak"],
        DEFAULT_CURRENCY=CURRENCY,
        HORDAK_INTERNAL_CURRENCY=CURRENCY,
        CURRENCIES=[CURRENCY],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
    )
    django.setup()
    call_command("migrate", verbosity=0)
    from hordak.models import Account, AccountType
    from moneyed import Money

    fund, *accounts = (
        Account.objects.create(name=f"n{n}", code=str(1000 + n), type=AccountType.asset, currencies=[CURRENCY])
        for n in range(ACCOUNTS + 1)
    )
    for account in accounts:
        fund.transfer_to(account, Money(MUCH, CURRENCY))
    return accounts


def unchecked(accounts: list[Any], count: int) -> None:
    """``transfer_to`` as it is: neither a lock nor a look at the balance."""
    from moneyed import Money

    for _ in range(count):
        payer, payee = random.sample(accounts, 2)
        payer.transfer_to(payee, Money(5, CURRENCY))


def checked(accounts: list[Any], count: int) -> None:
    """The same after locking the payer and looking whether she has it, as it must be where nobody may overspend."""
    from django.db import transaction
    from hordak.models import Account
    from moneyed import Money

    for _ in range(count):
        payer, payee = random.sample(accounts, 2)
        with transaction.atomic():
            locked = Account.objects.select_for_update().get(pk=payer.pk)
            if locked.get_simple_balance()[CURRENCY] < Money(5, CURRENCY):
                raise RuntimeError("an account ran dry")
            locked.transfer_to(payee, Money(5, CURRENCY))


def fill(accounts: list[Any], count: int) -> None:
    """So many past transfers, two legs each, written by the database itself, past hordak's own triggers."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SELECT coalesce(max(id), 0) FROM hordak_transaction")
        [last] = cursor.fetchone()
        ids = [account.pk for account in accounts]
        cursor.execute(
            "INSERT INTO hordak_transaction (id, uuid, timestamp, date, description)"
            " SELECT %s + n, gen_random_uuid(), now(), current_date, '' FROM generate_series(1, %s) AS n",
            (last, count),
        )
        for column, place in (("credit", "n %% %s"), ("debit", "(n + 1 + n / %s %% (%s - 1)) %% %s")):
            many = [len(ids)] * place.count("%s")
            cursor.execute(
                f"INSERT INTO hordak_leg (uuid, transaction_id, account_id, {column}, currency, description)"
                f" SELECT gen_random_uuid(), %s + n, (%s::bigint[])[1 + {place}], 5, %s, ''"
                " FROM generate_series(1, %s) AS n",
                [last, ids, *many, CURRENCY, count],
            )
        cursor.execute("SELECT setval(pg_get_serial_sequence('hordak_transaction', 'id'), %s)", (last + count,))
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("ANALYZE")


ORDERS = {"unchecked": unchecked, "checked": checked, "fill": fill}


def main() -> None:
    accounts = start(sys.argv[1])
    print(f"django-hordak {version('django-hordak')}, Django {version('django')}", flush=True)
    for line in sys.stdin:
        do, count = line.split()
        begun = time.perf_counter()
        ORDERS[do](accounts, int(count))
        print(int(count) / (time.perf_counter() - begun), flush=True)


if __name__ == "__main__":
    main()
