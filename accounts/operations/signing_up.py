"""The first step of a new person."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Member
from timebank.retries import retried

from .profile import agree
from .refusals import EmailTaken


def sign_up(*, display_name: str, email: str, password: str | None, language: str) -> Member:
    """Make a new member, who has agreed to terms and privacy notice and has yet to confirm ``email``.

    Raises EmailTaken: a door for strangers answers that as if it had worked.
    """
    # Hashing takes a good part of a second by design, so it is over before the transaction begins.
    return _make_member(display_name, email.lower(), make_password(password), language)


def is_taken(email: str) -> bool:
    """Whether a member signs in with ``email``. An address somebody only hopes to change to is not taken."""
    return (
        Member.objects.filter(email=email).exists() or EmailAddress.objects.filter(email=email, verified=True).exists()
    )


@retried
@transaction.atomic
def free_address(email: str, *, for_member: Member) -> None:
    """Let a sign-up with ``email`` that was never confirmed make way for the member who proved it is hers."""
    Member.objects.filter(email=email, state=Member.State.NEW).exclude(pk=for_member.pk).delete()


@retried
@transaction.atomic
def _make_member(display_name: str, email: str, hashed_password: str, language: str) -> Member:
    if is_taken(email):
        raise EmailTaken(_("There is a member with this e-mail address."))
    member = Member(display_name=display_name, email=email, password=hashed_password, language=language)
    member.save(force_insert=True)
    EmailAddress.objects.create(user=member, email=email, primary=True, verified=False)
    agree(member)
    return member
