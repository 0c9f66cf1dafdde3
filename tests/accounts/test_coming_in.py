"""Signing up, in, and out, through the public door."""

from __future__ import annotations

import re

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from django.conf import settings
from django.test import Client, override_settings

from accounts.models import Consent, Member
from notifications.models import Letter
from tests.factories import PASSWORD, balance, make_member

pytestmark = pytest.mark.django_db

ANA = {"display_name": "Ana Souza", "email": "Ana@Example.org", "password1": PASSWORD, "agree": "on"}


def sign_up(client: Client, **changes: str):
    return client.post("/account/signup/", ANA | changes)


def letter_to(email: str) -> Letter:
    return Letter.objects.filter(recipient=email).latest("pk")


def link_in(letter: Letter) -> str:
    """The path of the one link that its text asks to open; it begins with our own address."""
    found = re.search(re.escape(settings.SITE_URL) + r"(/\S+)", letter.text)
    assert found
    return found[1]


def sign_in(client: Client, email: str = "ana@example.org", password: str = PASSWORD):
    return client.post("/account/login/", {"login": email, "password": password})


def test_sign_up_then_the_mailed_link_then_four_hours(client):
    answer = sign_up(client)
    assert answer.url == "/account/confirm-email/"
    assert client.get(answer.url).status_code == 200
    ana = Member.objects.get(email="ana@example.org")
    assert ana.state == "new"

    link = link_in(letter_to("ana@example.org"))
    assert client.get(link).status_code == 200
    answer = client.post(link)

    assert answer.url == "/home/"
    assert balance(ana) == 240
    assert Member.objects.get(pk=ana.pk).state == "active"


def test_the_link_opened_on_another_device_lets_her_sign_in(client):
    sign_up(client)
    link = link_in(letter_to("ana@example.org"))

    assert Client().post(link).url == "/account/login/"

    assert sign_in(Client()).url == "/home/"


def test_a_link_works_once_and_a_wrong_one_never(client):
    sign_up(client)
    link = link_in(letter_to("ana@example.org"))
    Client().post(link)

    assert "does not work any more" in Client().get(link).content.decode()
    assert Client().post(link).status_code == 404
    assert "does not work any more" in Client().get("/account/confirm-email/wrong/").content.decode()
    assert balance(Member.objects.get(email="ana@example.org")) == 240


@override_settings(JOINING="approved")
def test_where_joining_needs_approval_she_signs_in_and_waits(client):
    sign_up(client)
    client.post(link_in(letter_to("ana@example.org")))

    assert Member.objects.get(email="ana@example.org").state == "applied"
    assert client.get("/settings/").status_code == 200
    assert client.get("/send/").status_code == 403


def test_sign_up_keeps_the_language_of_the_page_and_writes_in_it(client):
    client.post("/account/signup/", ANA, headers={"accept-language": "pt-BR"})

    assert Member.objects.get(email="ana@example.org").language == "pt-br"


def test_consent_is_kept_with_its_versions(client):
    sign_up(client)

    agreed = Consent.objects.filter(member__email="ana@example.org").values_list("document", "version")
    assert set(agreed) == {("terms", settings.TERMS_VERSION), ("privacy", settings.PRIVACY_VERSION)}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("display_name", ""),
        ("display_name", "   "),
        ("display_name", "A\x00na"),
        ("display_name", "Ana \u202egro.live"),
        ("display_name", "A\u0301\u0301\u0301\u0301\u0301\u0301na"),
        ("display_name", "12345"),
        ("display_name", "A" * 81),
        ("email", "no address"),
        ("password1", "short"),
        ("password1", "1234567890123"),
        ("agree", ""),
    ],
)
def test_what_sign_up_refuses_keeps_what_was_typed(client, field, value):
    answer = sign_up(client, **{field: value})

    assert answer.status_code == 200
    assert answer.context["form"].errors[field]
    assert not Member.objects.filter(email="ana@example.org").exists()
    if field != "email":
        assert "Ana@Example.org" in answer.content.decode()


@override_settings(TERMS_VERSION="2027-01")
def test_new_terms_are_asked_for_at_the_next_sign_in(client):
    ana = make_member(email="ana@example.org", password=PASSWORD)
    Consent.objects.create(member=ana, document="privacy", version=settings.PRIVACY_VERSION)
    Consent.objects.create(member=ana, document="terms", version="2026-11")

    answer = sign_in(client)
    assert answer.url == "/agree/?next=%2Fhome%2F"
    assert client.post("/agree/", {"next": "/home/"}).status_code == 422
    assert client.post("/agree/", {"next": "https://elsewhere.example/", "agree": "on"}).url == "/home/"
    client.post("/account/logout/")
    assert sign_in(client).url == "/home/"


# --- No stranger learns who is a member -----------------------------------------------------------


def test_signing_up_with_a_members_address_looks_the_same_and_tells_her_by_mail(client):
    make_member(email="ana@example.org")

    taken, fresh = sign_up(client), sign_up(Client(), email="new@example.org")

    assert (taken.status_code, taken.url) == (fresh.status_code, fresh.url)
    assert Member.objects.filter(email="ana@example.org").count() == 1
    assert "/account/password/reset/" in letter_to("ana@example.org").text


def test_a_second_sign_up_within_minutes_is_answered_by_a_mail_too(client):
    sign_up(client)
    sign_up(Client())

    assert Letter.objects.filter(recipient="ana@example.org").count() == 2


def test_a_wrong_password_and_an_unknown_address_get_the_same_words(client):
    make_member(email="ana@example.org", password=PASSWORD)

    wrong = sign_in(client, password="something else entirely")
    unknown = sign_in(client, email="nobody@example.org")

    assert wrong.context["form"].errors == unknown.context["form"].errors
    assert (wrong.status_code, unknown.status_code) == (200, 200)


def test_asking_for_a_new_password_looks_the_same_for_both(client):
    make_member(email="ana@example.org", password=PASSWORD)

    answers = [client.post("/account/password/reset/", {"email": e}) for e in ("ana@example.org", "no@example.org")]

    assert {answer.url for answer in answers} == {"/account/password/reset/done/"}
    assert "/account/password/reset/key/" in letter_to("ana@example.org").text
    assert "/account/password/reset/key/" not in letter_to("no@example.org").text


def test_a_new_password_by_mail(client):
    ana = make_member(email="ana@example.org", password=PASSWORD)
    elsewhere = Client()
    elsewhere.force_login(ana)
    client.post("/account/password/reset/", {"email": "ana@example.org"})

    page = client.get(link_in(letter_to("ana@example.org")), follow=True)
    answer = client.post(
        page.request["PATH_INFO"], {"password1": "a new long password", "password2": "a new long password"}
    )

    assert answer.url == "/account/password/reset/key/done/"
    assert sign_in(Client(), password="a new long password").url.startswith(("/home/", "/agree/"))
    assert elsewhere.get("/settings/").status_code == 302


def test_links_in_mail_do_not_follow_a_forged_host(client):
    with override_settings(ALLOWED_HOSTS=["*"]):
        client.post("/account/signup/", ANA, headers={"host": "evil.example"})

    letter = letter_to("ana@example.org")
    assert "evil.example" not in letter.text + letter.html


def test_the_sixth_wrong_password_waits_but_only_where_it_was_typed(client):
    make_member(email="ana@example.org", password=PASSWORD)
    for _try in range(5):
        assert sign_in(client, password="a wrong password").status_code == 200

    locked = sign_in(client)

    assert locked.status_code == 429
    assert 240 < int(locked["Retry-After"]) <= 300
    page = locked.content.decode()
    assert "Too many wrong passwords" in page
    assert "Try again in 5 minutes." in page
    assert 'href="/account/password/reset/"' in page
    assert 'href="/account/login/"' in page
    assert sign_in(Client(REMOTE_ADDR="192.0.2.7")).status_code == 302


def test_mail_is_in_the_language_of_its_reader(client):
    make_member(email="ana@example.org", password=PASSWORD, language="pt-br")

    client.post("/account/password/reset/", {"email": "ana@example.org"}, headers={"accept-language": "en"})

    assert 'lang="pt-br"' in letter_to("ana@example.org").html


def test_signing_out_asks_first(client):
    client.force_login(make_member())

    assert client.get("/account/logout/").status_code == 200
    assert client.get("/settings/").status_code == 200
    assert client.post("/account/logout/").url == "/"
    assert client.get("/settings/").status_code == 302


def test_a_crash_between_confirming_and_joining_is_made_good_at_sign_in(client):
    ana = make_member(email="ana@example.org", password=PASSWORD, state="new")
    ana.emailaddress_set.update(verified=True)

    sign_in(client)

    assert balance(ana) == 240


def test_a_mistyped_address_opens_nothing_to_whoever_owns_it(client):
    ana = make_member(email="ana@example.org", password=PASSWORD)
    EmailAddress.objects.create(user=ana, email="stranger@example.org", verified=False, primary=False)

    client.post("/account/password/reset/", {"email": "stranger@example.org"})
    assert "/account/password/reset/key/" not in letter_to("stranger@example.org").text

    sign_up(client, email="stranger@example.org")
    client.post(link_in(letter_to("stranger@example.org")))
    assert Member.objects.get(email="stranger@example.org").state == "active"


def test_an_unconfirmed_sign_up_makes_way_for_whoever_owns_the_address(client):
    sign_up(Client(), email="new@example.org")
    ana = make_member(email="ana@example.org", password=PASSWORD)
    pending = EmailAddress.objects.create(user=ana, email="new@example.org", verified=False, primary=False)

    client.post(f"/account/confirm-email/{EmailConfirmationHMAC(pending).key}/")

    assert Member.objects.get(email="new@example.org") == ana


def test_limits_answer_with_a_page_that_says_when(client, settings):
    settings.ACCOUNT_RATE_LIMITS = {"reset_password": "1/m/ip"}
    client.post("/account/password/reset/", {"email": "a@example.org"})

    answer = client.post("/account/password/reset/", {"email": "a@example.org"})

    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 60
    assert "Wait a little and try again." in answer.content.decode()


def test_a_used_link_tells_who_is_signed_in_that_all_is_well(client):
    ana = make_member(email="ana@example.org")
    used = f"/account/confirm-email/{EmailConfirmationHMAC(ana.emailaddress_set.get()).key}/"
    assert "This link does not work any more" in client.get(used).content.decode()

    client.force_login(ana)
    page = client.get(used).content.decode()
    assert "Your address is already confirmed" in page
    assert 'href="/home/">Home' in page

    EmailAddress.objects.create(user=ana, email="new@example.org", verified=False, primary=False)
    assert "This link does not work any more" in client.get("/account/confirm-email/old/").content.decode()


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("12345", "Choose at least 10 characters that are not a common password and not only digits."),
        ("ana@example.org", "This is too much like your name or address. Choose something only you would think of."),
    ],
)
def test_a_bad_password_is_refused_in_one_sentence(client, password, sentence):
    answer = sign_up(client, password1=password)
    assert answer.context["form"].errors == {"password1": [sentence]}
