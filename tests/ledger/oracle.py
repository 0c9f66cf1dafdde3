"""Accept and post said with the ORM: slow, and easy to see right. What ledger/hot_path.py is held to."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.db.models import F
from django.db.models.functions import Greatest, Least

from ledger import log
from ledger.models import OTHER_HELP, Account, Entry, Hold, Kind, Lot, Mint, Note, Record, Transfer
from ledger.operations import AccountClosed, KeyReused, holds, posting
from ledger.operations.accounts import account_id_of
from notifications.operations import tell_all
from timebank import clock


def accept(
    *,
    payer: Account,
    payee: Account,
    amount_minutes: int,
    kind: str,
    key: str,
    actor: Any,
    note: str = "",
    due: bool = True,
    then: dict[str, Any] | None = None,
) -> Hold:
    """See ledger.operations.accept."""
    request_hash = holds._hash_of(payer, payee, amount_minutes, kind, due, then, "", None, None)
    public_id, now = holds.public_id(), clock.now()
    if earlier := Hold.objects.filter(actor=actor, key=key).first():
        words = earlier.note.text if Note.objects.filter(hold=earlier).exists() else ""
        if earlier.request_hash != request_hash or words != note:
            raise KeyReused
        return earlier
    account = Account.objects.get(pk=payer.pk)
    if not account.is_open or account.available_minutes < amount_minutes:
        raise holds.why_not(payer, amount_minutes)
    if not Account.objects.get(pk=payee.pk).is_open:
        raise AccountClosed
    _change(account, freed=-amount_minutes)
    hold = Hold.objects.create(
        public_id=public_id,
        kind=kind,
        category=OTHER_HELP if kind == Kind.HELP else "",
        payer=payer,
        payee=payee,
        amount_minutes=amount_minutes,
        actor=actor,
        key=key,
        request_hash=request_hash,
        then=then,
        due=due,
        try_at=now,
        created_at=now,
    )
    words = None
    if note:
        salt = holds.secrets.token_hex(16)
        Note.objects.create(hold=hold, text=note, salt=salt)
        words = log.commitment(note, salt)
    _record(
        "hold",
        now,
        hold=hold.public_id,
        payer=payer.public_id,
        payee=payee.public_id,
        amount_minutes=amount_minutes,
        **{"for": kind},
        due=due,
        by=account_id_of(actor, payer, payee),
        words=words,
    )
    return hold


def post_due_holds() -> int:
    """See ledger.operations.post_due_holds; all in one commit."""
    now = clock.now()
    due = list(Hold.objects.due(now).values_list("pk", flat=True))
    return len(_post(due, now))


def post(hold: Hold) -> None:
    _post([hold.pk], clock.now())


def _post(hold_ids: Sequence[int], now: Any) -> list[Hold]:
    posted = list(Hold.objects.live().filter(pk__in=hold_ids).order_by("pk").select_related("payer", "payee"))
    minted: list[tuple[Mint, Hold]] = []
    for hold in posted:
        hold.state, hold.resolved_at = Hold.State.POSTED, now
        hold.save(update_fields=["state", "resolved_at"])
        minutes = hold.amount_minutes if hold.post_minutes is None else hold.post_minutes
        had = [Account.objects.get(pk=account.pk).balance_minutes for account in (hold.payer, hold.payee)]
        _change(hold.payer, moved=-minutes, freed=hold.amount_minutes, lines=1)
        _change(hold.payee, moved=minutes, lines=1)
        transfer = Transfer.objects.create(
            public_id=hold.public_id,
            kind=hold.kind,
            category=hold.category,
            payer=hold.payer,
            payee=hold.payee,
            amount_minutes=minutes,
            hold=hold,
            posted_at=now,
            minutes_expire_at=posting.minutes_expire_at(now).get(hold.kind),
        )
        for account, moved in ((hold.payer, -minutes), (hold.payee, minutes)):
            account.refresh_from_db()
            Entry.objects.create(
                account=account,
                seq=account.last_seq,
                transfer=transfer,
                amount_minutes=moved,
                balance_after_minutes=account.balance_minutes,
            )
        _record(
            "transfer",
            now,
            transfer=hold.public_id,
            payer=hold.payer.public_id,
            payee=hold.payee.public_id,
            amount_minutes=minutes,
            **{"for": hold.kind},
        )
        if mint := _move_lots(transfer, *had):
            minted.append((mint, hold))
        hold.amount_minutes = minutes  # what is told of it
    for mint, hold in minted:
        _record(
            "mint",
            now,
            transfer=hold.public_id,
            issuer=hold.payer.public_id,
            amount_minutes=mint.amount_minutes,
            reason=mint.reason,
        )
    tell_all([telling for hold in posted for telling in posting._tellings(hold)])  # type: ignore[arg-type]
    return posted


def _move_lots(transfer: Transfer, payer_had: int, payee_had: int) -> Mint | None:
    """The three steps of ledger/lots.py, one minute's lot at a time; returns what was minted, if anything."""
    payer, payee, n = transfer.payer, transfer.payee, transfer.amount_minutes
    wanted = min(n, max(payer_had, 0))
    stream: list[list[Any]] = []  # mint, expiry, minutes
    for lot in Lot.objects.open().filter(owner=payer).in_order_of_use():
        part = min(lot.amount_minutes, wanted)
        if part:
            _spend_lot(lot, transfer, "passed_on")
            stream.append([lot.mint, lot.expires_at, part])
            _bear_lot(lot.mint, payer, lot.amount_minutes - part, lot.expires_at, transfer)
            wanted -= part
    assert wanted == 0
    mint = None
    if lacked := n - min(n, max(payer_had, 0)):
        reason = "grant" if payer.kind == "fund" else "credit"
        mint = Mint.objects.create(transfer=transfer, issuer=payer, amount_minutes=lacked, reason=reason)
        stream.append([mint, None, lacked])
    owed = min(n, max(-payee_had, 0))
    for part in stream:
        burnt = min(owed, part[2])
        if burnt:
            how = "retired" if payee.kind == "fund" else "redeemed"
            _bear_lot(part[0], payee, burnt, part[1], transfer, spent_in=transfer, how=how)
        owed -= burnt
        part[2] -= burnt
    alike: Counter[tuple[Mint, Any]] = Counter()  # by mint and expiry
    for of, expires_at, minutes in stream:
        alike[of, transfer.minutes_expire_at if transfer.kind in {"help", "grant"} else expires_at] += minutes
    for (of, expires_at), minutes in alike.items():
        old = Lot.objects.open().filter(owner=payee, mint=of, expires_at=expires_at).first() if minutes else None
        if old:
            _spend_lot(old, transfer, "merged")
        _bear_lot(of, payee, minutes + (old.amount_minutes if old else 0), expires_at, transfer)
    return mint


def _spend_lot(lot: Lot, transfer: Transfer, how: str) -> None:
    lot.spent_in, lot.how = transfer, how
    lot.save(update_fields=["spent_in", "how"])


def _bear_lot(mint: Mint, owner: Account, minutes: int, expires_at: Any, transfer: Transfer, **spent: Any) -> None:
    if minutes:
        Lot.objects.create(
            mint=mint, owner=owner, amount_minutes=minutes, expires_at=expires_at, born_in=transfer, **spent
        )


def _change(account: Account, *, moved: int = 0, freed: int = 0, lines: int = 0) -> None:
    Account.objects.filter(pk=account.pk).update(
        balance_minutes=F("balance_minutes") + moved,
        held_minutes=F("held_minutes") - freed,
        last_seq=F("last_seq") + lines,
        floor_minutes=Greatest(
            F("floor_minutes"),
            Least(-F("credit_limit_minutes"), F("balance_minutes") + moved - F("held_minutes") + freed),
        ),
    )


def _record(kind: str, at: Any, **facts: Any) -> None:
    body = {"at": log.moment(at), "kind": kind, "nonce": log.nonce(), **facts}
    Record.objects.create(kind=kind, body=log.canonical(body), created_at=at)


def rows() -> dict[str, list[Any]]:
    """Every row of the books, with public ids where keys are the database's own."""
    from notifications.models import Event

    return {
        "accounts": list(
            Account.objects.order_by("pk").values_list(
                "pk", "state", "balance_minutes", "held_minutes", "credit_limit_minutes", "floor_minutes", "last_seq"
            )
        ),
        "holds": [
            (*values, json.dumps(then))
            for *values, then in Hold.objects.order_by("pk").values_list(
                "public_id", "kind", "payer", "payee", "amount_minutes", "state", "actor", "key", "request_hash",
                "due", "post_minutes", "try_at", "tries", "created_at", "resolved_at", "then",
            )
        ],
        "notes": list(Note.objects.order_by("pk").values_list("hold__public_id", "text", "salt", "erased_at")),
        "transfers": list(
            Transfer.objects.order_by("pk").values_list(
                "public_id", "kind", "payer", "payee", "amount_minutes", "hold__public_id", "posted_at", "category",
                "reverses", "minutes_expire_at",
            )
        ),
        "mints": list(
            Mint.objects.order_by("transfer").values_list("transfer__public_id", "issuer", "amount_minutes", "reason")
        ),
        "lots": sorted(
            Lot.objects.values_list(
                "mint__transfer__public_id", "owner", "amount_minutes", "expires_at", "born_in__public_id",
                "spent_in__public_id", "how",
            ),
            key=str,
        ),
        "entries": list(
            Entry.objects.order_by("pk").values_list(
                "account", "seq", "transfer__public_id", "amount_minutes", "balance_after_minutes"
            )
        ),
        "records": list(Record.objects.order_by("pk").values_list("kind", "body", "created_at")),
        "events": list(
            Event.objects.order_by("pk").values_list("member", "seq", "type", "about", "data", "in_inbox", "by_mail")
        ),
    }  # fmt: skip
