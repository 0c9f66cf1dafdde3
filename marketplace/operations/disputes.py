"""When something went wrong: both say what, a moderator rules, the ledger moves what the ruling says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Member, MemberQuerySet
from accounts.roles import Role, coordinators, with_role
from ledger import operations as ledger
from ledger.log import write_record
from ledger.models import Account, Hold, Kind
from marketplace.models import Dispute, Evidence, Exchange, Statement
from marketplace.rules import Action, NotYours, check_turn
from notifications.operations import Telling
from timebank import clock, failpoints
from timebank.retries import retried

from .files import Clean, cleaned
from .messages import already_written
from .refusals import AlreadyDecided, BadFile, BadFiles, NotAModerator, OwnCase, SomeMinutes, TooLate
from .steps import (
    account_of,
    check_minutes,
    check_takes_part,
    kind_of_help,
    locked,
    move,
    steward,
    tell_both,
    write_step,
)

State = Exchange.State
Outcome = Dispute.Outcome
MOST_FILES = 5  # of each of the two
STATED, SHOWN, READ = "statement", "evidence", "messages-read"


def open_dispute(
    exchange: Exchange, *, by: Member, reason: str, statement: str, nonce: str, files: Sequence[UploadedFile] = ()
) -> Dispute:
    """Stop the clock and call a moderator. The hours stay held. All moderators but the two are told, or, where there is
    none who may rule, the coordinators: they see to it that one is named.

    Where the exchange was completed already, and that is not too long ago, what the provider has available of those
    minutes is set aside. ``files`` are kept as `add_evidence` keeps them, all or none. Sent again with the same
    ``nonce``, words and files it returns the first. Raises OutOfTurn, NotYours, TooLate, CannotTakePart, BadFiles.
    """
    shown = _cleaned(files)  # slow, so before the row is locked
    return _open(exchange, by, reason, statement, nonce, shown)


@retried
@transaction.atomic
def _open(exchange: Exchange, by: Member, reason: str, statement: str, nonce: str, shown: dict[str, Clean]) -> Dispute:
    exchange = locked(exchange)
    said = Statement.objects.filter(author=by, nonce=nonce, text=statement)
    earlier = Dispute.objects.open().filter(exchange=exchange, opened_by=by, reason=reason, statements__in=said).first()
    if earlier and earlier.evidence.filter(author=by, sha256__in=shown).count() == len(shown):
        return earlier  # the same form once more; any other is refused below, so that nothing is lost unseen
    way = check_turn(exchange, Action.DISPUTE, by)
    check_takes_part(by)
    at = clock.now()
    was_completed = exchange.state == State.COMPLETED
    if was_completed and exchange.completed_at and at >= exchange.completed_at + exchange.within("dispute"):
        raise TooLate(_("A completed exchange can be disputed for %(days)d days; that time is over.")
                      % {"days": exchange.within("dispute").days})  # fmt: skip
    hold = _set_aside_what_is_left(exchange) if was_completed else exchange.hold
    dispute = Dispute.objects.create(
        exchange=exchange,
        opened_by=by,
        reason=reason,
        was_completed=was_completed,
        hold=hold,
        at_stake_minutes=hold.amount_minutes if hold else 0,
        opened_at=at,
    )
    Statement.objects.create(dispute=dispute, author=by, text=statement, nonce=nonce, at=at)
    for clean in shown.values():
        _keep(dispute, by, clean, at)
    at_stake = dispute.at_stake_minutes
    move(exchange, Action.DISPUTE, by, way.to, at, minutes=at_stake)
    failpoints.reached("exchange-before-commit")
    also = _to_who_can_help(dispute)
    tell_both(exchange, Action.DISPUTE, by, also=also, was_completed=was_completed, amount_minutes=at_stake)
    return dispute


@retried
@transaction.atomic
def add_statement(dispute: Dispute, *, by: Member, text: str, nonce: str) -> Statement:
    """Say one's side of it; a suspended member may. Sent again with the same ``nonce`` and words it returns the first.

    Raises NotYours, AlreadyDecided, AlreadyWritten.
    """
    dispute = _locked(dispute)
    _check_open_for(dispute, by)
    if earlier := Statement.objects.filter(dispute=dispute, author=by, nonce=nonce).first():
        if earlier.text == text:
            return earlier
        raise already_written(earlier)
    at = clock.now()
    statement = Statement.objects.create(dispute=dispute, author=by, text=text, nonce=nonce, at=at)
    write_step(dispute.exchange, STATED, by, at)
    tell_both(dispute.exchange, STATED, by)
    return statement


def add_evidence(dispute: Dispute, *, by: Member, upload: UploadedFile) -> Evidence:
    """Show a picture (kept as a new JPEG, with nothing of where it was taken) or a PDF; the same file once.

    Raises BadFile, NotYours, AlreadyDecided.
    """
    clean = cleaned(upload)  # slow, so before the row is locked
    return _keep_evidence(dispute, by, clean)


@retried
@transaction.atomic
def _keep_evidence(dispute: Dispute, by: Member, clean: Clean) -> Evidence:
    dispute = _locked(dispute)
    _check_open_for(dispute, by)
    hers = Evidence.objects.filter(dispute=dispute, author=by)
    if earlier := hers.filter(sha256=clean.sha256).first():
        return earlier
    if hers.count() >= MOST_FILES:
        raise BadFile(_("You can add up to %(most)d files.") % {"most": MOST_FILES})
    at = clock.now()
    evidence = _keep(dispute, by, clean, at)
    write_step(dispute.exchange, SHOWN, by, at)
    tell_both(dispute.exchange, SHOWN, by)
    return evidence


def _keep(dispute: Dispute, by: Member, clean: Clean, at: datetime) -> Evidence:
    evidence = Evidence(
        dispute=dispute,
        author=by,
        kind=clean.kind,
        name=clean.name,
        size_bytes=len(clean.content),
        sha256=clean.sha256,
        at=at,
    )
    evidence.file.save(f"{evidence.public_id}{clean.ending}", clean.as_file(), save=False)
    evidence.save(force_insert=True)
    return evidence


def _cleaned(uploads: Sequence[UploadedFile]) -> dict[str, Clean]:
    """Several files as they may be kept, each once, by what they hold. Raises BadFiles, which names a bad one."""
    if len(uploads) > MOST_FILES:
        raise BadFiles(_("You can add up to %(most)d files.") % {"most": MOST_FILES})
    clean = {}
    for upload in uploads:
        try:
            one = cleaned(upload)
        except BadFile as refusal:
            raise BadFiles(f"{upload.name}: {refusal}") from refusal
        clean[one.sha256] = one
    return clean


@retried
@transaction.atomic
def read_messages(dispute: Dispute, *, by: Member) -> None:
    """Write down, for the two to see and in the log, that a moderator reads what they wrote to each other.

    Raises NotAModerator, OwnCase.
    """
    dispute = _locked(dispute)
    check_may_rule(dispute, by)
    write_step(dispute.exchange, READ, by, clock.now())
    write_record("reading", case=dispute.public_id, by=account_of(by).public_id)
    tell_both(dispute.exchange, READ, by)


@retried
@transaction.atomic
def rule(dispute: Dispute, *, by: Member, outcome: str, because: str, provider_minutes: int | None = None) -> Dispute:
    """Settle ``dispute``: the minutes at stake go to the provider, to the receiver, or are shared.

    ``provider_minutes`` says how many the provider gets of a `split`. The first of two moderators wins. Writes a
    record. Raises NotAModerator, OwnCase, AlreadyDecided, SomeMinutes.
    """
    dispute = _locked(dispute)
    check_may_rule(dispute, by)
    check_undecided(dispute, by)
    check_turn(dispute.exchange, Action.RULE, by)
    return settle(dispute, Action.RULE, by, outcome, share_of(dispute, outcome, provider_minutes), because)


def check_undecided(dispute: Dispute, by: Member) -> None:
    """Raises AlreadyDecided; the sentence tells ``by`` who ruled, and how."""
    if dispute.is_open:
        return
    ruling = dispute.get_outcome_display()
    if dispute.decided_by is None:
        raise AlreadyDecided(_("No moderator ruled in time, so the deadline did: %(ruling)s.") % {"ruling": ruling})
    if dispute.decided_by == by:
        raise AlreadyDecided(_("You ruled already: %(ruling)s.") % {"ruling": ruling})
    raise AlreadyDecided(_("%(name)s ruled first: %(ruling)s.") % {"name": dispute.decided_by, "ruling": ruling})


def share_of(dispute: Dispute, outcome: str, provider_minutes: int | None) -> int:
    """How many of the minutes at stake the provider gets.

    Raises SomeMinutes for a share that is none or all, and for one where nothing is shared.
    """
    if outcome != Outcome.SPLIT and provider_minutes is not None:
        raise SomeMinutes(_("A part is only for a split. Choose the split, or leave this empty."))
    match outcome:
        case Outcome.RELEASE:
            return dispute.at_stake_minutes
        case Outcome.REFUND:
            return 0
    if dispute.at_stake_minutes < 2:
        raise SomeMinutes(_("There is nothing here to share."))
    check_minutes(provider_minutes or 0, at_most=dispute.at_stake_minutes - 1)
    return provider_minutes or 0


def settle(
    dispute: Dispute, action: Action, by: Member | None, outcome: str, provider_minutes: int, because: str
) -> Dispute:
    """Move what the ruling says and end the exchange, in the present transaction; both locked by the caller."""
    at = clock.now()
    exchange = dispute.exchange
    _move_the_minutes(dispute, provider_minutes)
    dispute.outcome, dispute.provider_minutes, dispute.because = outcome, provider_minutes, because
    dispute.decided_by, dispute.decided_at = by, at
    dispute.save(update_fields=["outcome", "provider_minutes", "because", "decided_by", "decided_at"])
    exchange.given_minutes = _given_in_the_end(dispute)
    if not exchange.reviews.filter(published_at__isnull=False).exists():
        exchange.reviews_until = at + exchange.within("review")  # none of the time to write passes with the dispute
    move(exchange, action, by, State.RESOLVED, at, minutes=provider_minutes)
    write_record(
        "ruling",
        case=dispute.public_id,
        outcome=outcome,
        provider_minutes=provider_minutes,
        receiver_minutes=dispute.receiver_minutes,
        by=account_of(by).public_id if by else None,
    )
    failpoints.reached("exchange-before-commit")
    tell_both(
        exchange,
        action,
        by,
        shares=(provider_minutes, dispute.at_stake_minutes - provider_minutes),
        outcome=outcome,
        amount_minutes=provider_minutes,
        at_stake_minutes=dispute.at_stake_minutes,
    )
    return dispute


def who_may_rule(exchange: Exchange) -> MemberQuerySet:
    """The moderators who have no part in ``exchange``."""
    return with_role(Role.MODERATOR).exclude(pk__in=[exchange.provider_id, exchange.receiver_id])


def check_may_rule(dispute: Dispute, by: Member) -> None:
    """Raises OwnCase for the two, NotAModerator for who is none."""
    check_has_no_part(dispute, by)
    if not Member.objects.get(pk=by.pk).is_moderator:
        raise NotAModerator(_("Only a moderator can do this."))


def check_has_no_part(dispute: Dispute, by: Member) -> None:
    """Raises OwnCase for the two."""
    if dispute.exchange.is_party(by):
        raise OwnCase(_("You have a part in this exchange, so another moderator has to rule."))


def _move_the_minutes(dispute: Dispute, provider_minutes: int) -> None:
    hold = dispute.hold
    if hold is None:
        return
    # What is held after completion is held for the receiver, and before it for the provider.
    to_payee = dispute.at_stake_minutes - provider_minutes if dispute.was_completed else provider_minutes
    if to_payee:
        dispute.hold = ledger.release(hold, minutes=to_payee, actor=steward())
    else:
        dispute.hold = ledger.void(hold, actor=steward())
    if not dispute.was_completed:
        dispute.exchange.hold = dispute.hold


def _given_in_the_end(dispute: Dispute) -> int:
    """What the provider has of the exchange by the ruling, with what was confirmed before and is not at stake."""
    if dispute.was_completed:
        return (dispute.exchange.confirmed_minutes or 0) - (dispute.receiver_minutes or 0)
    return dispute.provider_minutes or 0


def _set_aside_what_is_left(exchange: Exchange) -> Hold | None:
    """Hold of the provider's available minutes what the exchange moved, for the receiver; None when there are none."""
    keys = [f"exchange:{exchange.pk}:{what}" for what in ("accept", "more")]
    for hold in Hold.objects.live().filter(actor=steward(), key__in=keys):
        ledger.post(hold)  # so that what is just on its way is there
    # Locked, so that nothing of it is spent between looking and setting aside.
    provider = Account.objects.select_for_update(no_key=True).get(owner=exchange.provider)
    minutes = min(exchange.confirmed_minutes or 0, provider.available_minutes)
    if minutes <= 0:
        return None
    return ledger.accept(
        payer=provider,
        payee=account_of(exchange.receiver),
        amount_minutes=minutes,
        kind=Kind.REFUND,
        key=f"exchange:{exchange.pk}:dispute",
        actor=steward(),
        note=exchange.title,
        category=kind_of_help(exchange),
        due=False,
    )


def _locked(dispute: Dispute) -> Dispute:
    """The dispute as it is now; its exchange is the lock of both."""
    exchange = locked(dispute.exchange)
    dispute = Dispute.objects.select_for_update(no_key=True, of=("self",)).select_related("hold").get(pk=dispute.pk)
    dispute.exchange = exchange
    return dispute


def _check_open_for(dispute: Dispute, by: Member) -> None:
    if not dispute.exchange.is_party(by):
        raise NotYours(_("Only the two of this exchange can add to the dispute."))
    if not dispute.is_open:
        raise AlreadyDecided(_("This dispute is decided, so nothing can be added."))


def _to_who_can_help(dispute: Dispute) -> list[Telling]:
    """What all moderators but the two are told; without any, all coordinators but the two."""
    told: dict[str, object] = {"case": dispute.public_id}
    helpers = list(who_may_rule(dispute.exchange))
    if not helpers:
        told["nobody_may_rule"] = True
        helpers = [one for one in coordinators() if not dispute.exchange.is_party(one)]
    return [Telling(one.pk, "dispute-opened", None, told, in_inbox=True, by_mail=True) for one in helpers]
