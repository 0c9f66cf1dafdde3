"""Every refusal stands in docs/refusals.md, with its status: those of rules, and those of signing in.

What the stories of the API are answered is looked up there as well (tests/api/conforming.py).
"""

from __future__ import annotations

from collections.abc import Iterator

from allauth.account.adapter import get_adapter
from allauth.account.fields import PhoneField
from allauth.mfa.adapter import get_adapter as get_mfa_adapter

import timebank.urls  # noqa: F401  whatever can refuse is loaded then
from accounts import api_entrance
from timebank.errors import Refusal

from .conforming import told

# What only the staff's site, the set-up and the calls for signing in say.
ELSEWHERE = {
    "account_in_use", "called_off_already", "category_in_use", "day_is_past", "email_taken", "limits_disagree",
    "limits_in_force", "more_than_owed", "no_limits_of_its_own", "not_a_coordinator", "not_a_moderator", "own_case", "refused",
}  # fmt: skip
# Of allauth's own words those that no call of ours leads to: we know no telephones and no user names, sign nobody in by a
# code from a mail, and count wrong passwords at another place.
NEVER_SAID = {
    "account_inactive", "cannot_delete_authenticator", "invalid_login", "phone_password_mismatch", "phone_taken", "same_as_current",
    "select_only_one", "unknown_phone", "username_blacklisted", "username_password_mismatch", "username_taken",
}  # fmt: skip
HIDDEN = {"asked_of_another"}  # told as `no_such_code`


def refusals(of: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    for kind in of.__subclasses__():
        yield kind
        yield from refusals(kind)


def test_each_is_told_with_its_status():
    docs = told()
    ours = {(kind.code, kind.status) for kind in refusals() if kind.__module__.partition(".")[0] != "tests"}

    silent = [(code, status) for code, status in ours if status not in docs.get(code, ())]
    assert {code for code, _status in silent} == ELSEWHERE | HIDDEN


def test_what_an_app_is_told_that_signs_in_is_told_with_its_status_too():
    docs = told()
    wrong = get_adapter().error_messages.keys() | get_mfa_adapter().error_messages.keys()
    steps = {(code, 401) for code in api_entrance.NEXT_STEPS}
    answers = {(code, int(status)) for status, (code, _sentence) in api_entrance.BY_STATUS.items()}
    fields = {
        (code, 400)
        for view in api_entrance.CALLS.values()
        for body in (view.input_class.values() if isinstance(view.input_class, dict) else [view.input_class])
        for field in (body.base_fields.values() if body else ())
        if not isinstance(field, PhoneField)
        for code in [*field.error_messages, *(validator.code for validator in field.validators)]
    }

    said = {(code, 400) for code in wrong - NEVER_SAID} | steps | answers | fields
    assert {(code, status) for code, status in said if status not in docs.get(code, ())} == set()
    assert wrong >= NEVER_SAID
    assert not NEVER_SAID & docs.keys()
