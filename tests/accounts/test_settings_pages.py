"""Profile, settings, the second step, and where one is signed in."""

from __future__ import annotations

import re

import pyotp
import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db.models import F
from django.test import Client, override_settings

from accounts import operations, zones
from accounts.models import Member
from notifications.models import Letter
from tests.factories import PASSWORD, make_coordinator, make_member
from timebank import clock
from timebank.tasks import clear_away

from .test_coming_in import link_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client):
    member = make_member(name="Ana Souza", email="ana@example.org", password=PASSWORD)
    operations.agree(member)
    client.post("/account/login/", {"login": "ana@example.org", "password": PASSWORD})
    return member


def fresh(member: Member) -> Member:
    return Member.objects.get(pk=member.pk)


DEVICES_QUERIES = 5  # session, member, her devices, their sessions, what is unread

LOOKS = {"language": "en", "time_zone": "Europe/Lisbon", "theme": "dark", "text_size": "large"}


def test_language_and_looks_are_hers_on_every_device(client, ana):
    assert client.post("/settings/", LOOKS | {"language": "pt-br"}).url == "/settings/"

    kept = fresh(ana)
    assert (kept.language, kept.time_zone, kept.theme, kept.text_size) == ("pt-br", "Europe/Lisbon", "dark", "large")
    page = client.get("/settings/", headers={"accept-language": "en"})
    assert page["Content-Language"] == "pt-br"
    assert page.cookies["django_language"].value == "pt-br"


def test_amounts_are_said_in_the_units_she_likes_on_every_page_and_in_the_form(client):
    bela = make_member(minutes=600)
    client.force_login(bela)
    page = client.get("/settings/").content.decode().replace("\xa0", " ")
    assert ["12 h 30 min" in page, "750 min" in page, "1 d 4 h 30 min" in page] == [True] * 3
    assert "A day stands for 8 h." in page

    for units, said, drawn, hint in [
        ("minutes", "600 min", "600<small>min</small>", "A number alone is minutes, such as 90."),
        ("days", "1 d 2 h", "1<small>d</small>2<small>h</small>", "A number alone is days, such as 1 or 2.5."),
        ("hours", "10 h", "10<small>h</small>", "Such as 1 h 30 min, 1:30 or 45 min."),
    ]:
        client.post("/settings/", LOOKS | {"units": units})
        assert drawn in client.get("/wallet/").content.decode()
        form = client.get("/send/").content.decode().replace("\xa0", " ")
        assert f'data-units="{units}"' in form
        assert f"You can send up to {said}." in form
        assert hint in form
    client.post("/settings/", LOOKS)  # an older page, which does not know of units
    assert fresh(bela).units == "hours"


@pytest.mark.parametrize(
    ("field", "value"),
    [("language", "xx"), ("time_zone", "Mars/Base"), ("units", "weeks"), ("theme", "pink"), ("text_size", "tiny")],
)
def test_settings_refuse_what_there_is_not(client, ana, field, value):
    answer = client.post("/settings/", LOOKS | {field: value})

    assert answer.status_code == 422
    assert answer.context["form"].errors[field]


def test_time_zones_are_offered_by_place_with_the_nearest_first(client, ana):
    (brazil, near), (_often, often), *regions = zones.zone_choices()
    offered = [name for _region, places in [(brazil, near), (_often, often), *regions] for name, _label in places]

    assert (str(brazil), near[0][0]) == ("Brazil", "America/Sao_Paulo")
    assert [str(label) for _name, label in often] == ["Lisbon", "London", "New York", "World time (UTC)"]
    assert len(offered) == len(set(offered))
    assert {"Asia/Tokyo", "Europe/Oslo", "America/Argentina/Buenos_Aires"} <= set(offered)
    assert not {"Brazil/East", "America/Buenos_Aires", "Asia/Calcutta", "Etc/GMT+3", "US/Eastern"} & set(offered)
    assert not any("_" in label or "/" in label for _region, places in regions for _name, label in places)
    page = client.get("/settings/").content.decode()
    assert '<optgroup label="Brazil">' in page
    assert '<option value="America/Sao_Paulo" selected>Brasília, São Paulo, Rio de Janeiro</option>' in page


def test_who_has_an_old_name_of_a_zone_may_keep_it(client, ana):
    Member.objects.filter(pk=ana.pk).update(time_zone="Brazil/East")
    assert '<option value="Brazil/East" selected>East</option>' in client.get("/settings/").content.decode()
    assert client.post("/settings/", LOOKS | {"time_zone": "Brazil/East"}).status_code == 302
    assert client.post("/settings/", LOOKS | {"time_zone": "US/Eastern"}).status_code == 422


def test_a_new_name_and_words_show_on_the_profile(client, ana):
    client.post("/settings/profile/", {"display_name": "Ana  Souza Lima", "about": "I bake.\r\nI walk dogs."})

    page = client.get(fresh(ana).get_absolute_url()).content.decode()
    assert "Ana Souza Lima" in page
    assert fresh(ana).about == "I bake.\nI walk dogs."
    assert fresh(ana).plain_name == "ana souza lima"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("display_name", ""),
        ("display_name", "A\x00"),
        ("display_name", "A\nB"),
        ("about", "\u202e"),
        ("about", "a" * 601),
    ],
)
def test_profiles_refuse_what_would_trick_readers(client, ana, field, value):
    answer = client.post("/settings/profile/", {"display_name": "Ana", "about": "x"} | {field: value})

    assert answer.status_code == 422
    assert fresh(ana).display_name == "Ana Souza"


def test_a_profile_is_for_members_and_shows_nothing_private(client, ana):
    bento = make_member(name="Bento", email="bento@example.org", about="<b>bold</b>")

    page = client.get(bento.get_absolute_url()).content.decode()

    assert "Bento" in page
    assert "bento@example.org" not in page
    assert "<b>bold</b>" not in page
    assert f"/send/?to={bento.public_id}" in page
    assert Client().get(bento.get_absolute_url()).status_code == 302


@pytest.mark.parametrize("state", ["new", "applied", "suspended", "left"])
def test_who_is_no_member_is_not_found(client, ana, state):
    other = make_member(state=state)

    assert client.get(other.get_absolute_url()).status_code == 404
    assert client.get("/people/nobody/").status_code == 404
    assert client.get(operations.community_fund().owner.get_absolute_url()).status_code == 404


# --- E-mail and password ----------------------------------------------------------------------------


def test_a_new_address_counts_from_its_confirmation_on(client, ana):
    answer = client.post("/account/email/", {"email": "new@example.org", "action_add": ""})
    # What she typed is kept while she proves that it is she.
    client.post(answer.url, {"password": PASSWORD, "next": "/account/email/"})
    assert fresh(ana).email == "ana@example.org"

    client.post(link_in(Letter.objects.filter(recipient="new@example.org").latest("pk")))

    assert fresh(ana).email == "new@example.org"
    assert list(EmailAddress.objects.filter(user=ana).values_list("email", flat=True)) == ["new@example.org"]
    told = Letter.objects.filter(recipient="ana@example.org").latest("pk")
    assert "new@example.org" in told.text
    assert "tell a coordinator at once" in told.text
    assert "/password/" not in told.text + told.html  # that could not help: nothing is chosen anew from here


def test_another_members_address_is_not_told_and_not_taken(client, ana):
    make_member(email="bento@example.org")

    answer = client.post("/account/email/", {"email": "bento@example.org", "action_add": ""})
    answer = client.post(answer.url, {"password": PASSWORD, "next": "/account/email/"})

    assert (answer.status_code, answer.url) == (302, "/account/email/")
    assert fresh(ana).email == "ana@example.org"


def test_a_new_password_signs_out_the_other_devices(client, ana):
    other = Client()
    other.post("/account/login/", {"login": "ana@example.org", "password": PASSWORD})
    new = {"oldpassword": PASSWORD, "password1": "another long password", "password2": "another long password"}

    answer = client.post("/account/password/change/", new)

    assert answer.url == "/settings/"
    assert client.get("/settings/").status_code == 200
    assert other.get("/settings/").status_code == 302
    assert "changed" in Letter.objects.filter(recipient="ana@example.org").latest("pk").subject


def test_two_different_new_passwords_are_called_so(client, ana):
    new = {"oldpassword": PASSWORD, "password1": "another long password", "password2": "another lang password"}

    answer = client.post("/account/password/change/", new)

    assert answer.context["form"].errors == {"password2": ["The two passwords are different."]}


def test_she_sees_where_she_is_signed_in_and_ends_the_rest(client, ana):
    other = Client(headers={"user-agent": "A telephone"})
    other.post("/account/login/", {"login": "ana@example.org", "password": PASSWORD})

    assert "A telephone" in client.get("/account/sessions/").content.decode()
    client.post("/account/sessions/")

    assert other.get("/settings/").status_code == 302
    assert client.get("/settings/").status_code == 200


def device_of(member: Member, name: str) -> Client:
    """One more device she is signed in on, as allauth notes it at its sign-in."""
    device = Client()
    device.force_login(member)
    UserSession.objects.create(user=member, session_key=device.session.session_key, ip="10.0.0.1", user_agent=name)
    return device


@pytest.mark.parametrize("others", [0, 2, 49])
def test_her_devices_in_the_same_queries_however_many(client, ana, django_assert_num_queries, others):
    for number in range(others):
        device_of(ana, f"Telephone {number}")

    with django_assert_num_queries(DEVICES_QUERIES):
        page = client.get("/account/sessions/").content.decode()

    assert page.count("from 1") == others + 1


def test_only_sessions_that_still_open_something_are_listed_and_at_night_the_ended_are_forgotten(client, ana):
    device_of(ana, "One with the old password")
    Member.objects.filter(pk=ana.pk).update(sessions_ended=F("sessions_ended") + 1)
    now = fresh(ana)
    device_of(now, "One that was signed out").session.flush()
    run_out = device_of(now, "One that ran out").session.session_key
    Session.objects.filter(pk=run_out).update(expire_date=clock.now())

    page = device_of(now, "A telephone").get("/account/sessions/").content.decode()

    assert "A telephone" in page
    assert "One " not in page

    clear_away()

    kept = set(UserSession.objects.filter(user=ana).values_list("user_agent", flat=True))
    assert kept >= {"A telephone", "One with the old password"}
    assert not kept & {"One that was signed out", "One that ran out"}


# --- The second step --------------------------------------------------------------------------------


def prove_it_is_she(client: Client, path: str) -> None:
    """What keeps an account safe asks for the password once more."""
    asked = client.get(path)
    assert asked.url.startswith("/account/reauthenticate/")
    assert client.post(asked.url, {"password": PASSWORD, "next": path}).url == path


def set_up_second_step(client: Client) -> str:
    """Set up an authenticator as a person would; returns its secret."""
    prove_it_is_she(client, "/account/2fa/totp/activate/")
    page = client.get("/account/2fa/totp/activate/").content.decode()
    secret = re.search(r'<code class="code">(\w+)</code>', page)[1]
    answer = client.post("/account/2fa/totp/activate/", {"code": pyotp.TOTP(secret).now()})
    assert answer.status_code == 302, answer.context["form"].errors
    return secret


def test_the_second_step_is_asked_for_from_then_on(client, ana):
    secret = set_up_second_step(client)
    client.post("/account/logout/")

    answer = client.post("/account/login/", {"login": "ana@example.org", "password": PASSWORD})
    assert answer.url == "/account/2fa/authenticate/"
    assert client.get("/settings/").status_code == 302
    assert client.post(answer.url, {"code": "000000"}).status_code == 200
    cache.clear()  # it remembers that this half minute's code was used, to set it up
    answer = client.post(answer.url, {"code": pyotp.TOTP(secret).now()})

    assert answer.url == "/home/"


def test_a_recovery_code_opens_once(client, ana):
    set_up_second_step(client)
    code = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()[0]

    def with_code() -> int:
        anew = Client()
        anew.post("/account/login/", {"login": "ana@example.org", "password": PASSWORD})
        return anew.post("/account/2fa/authenticate/", {"code": code}).status_code

    assert [with_code(), with_code()] == [302, 200]


def test_the_qr_code_is_plain_shapes_in_the_page(client, ana):
    prove_it_is_she(client, "/account/2fa/totp/activate/")

    page = client.get("/account/2fa/totp/activate/").content.decode()

    assert "data:image" not in page
    assert '<svg viewBox="0 0' in page
    assert " style=" not in page


def test_the_secret_is_not_readable_in_the_database(client, ana):
    secret = set_up_second_step(client)

    assert secret not in str(Authenticator.objects.get(type="totp").data)


def test_staff_set_up_a_second_step_before_any_page_of_theirs(client):
    coordinator = make_coordinator(email="carla@example.org", password=PASSWORD)
    operations.agree(coordinator)
    client.post("/account/login/", {"login": "carla@example.org", "password": PASSWORD})

    assert client.get("/admin/").url == "/account/2fa/totp/activate/?next=%2Fadmin%2F"
    assert client.get("/settings/").status_code == 200
    set_up_second_step(client)
    assert client.get("/admin/").status_code == 200


def test_the_demo_may_do_without_and_others_never_get_in(client, ana):
    assert client.get("/admin/").status_code in {302, 403}
    coordinator = make_coordinator()
    client.force_login(coordinator)

    with override_settings(STAFF_NEED_MFA=False):
        assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/account/email/",
        "/account/password/change/",
        "/account/2fa/",
        "/account/2fa/totp/activate/",
        "/account/sessions/",
        "/account/logout/",
        "/account/reauthenticate/",
        "/settings/",
        "/settings/profile/",
        "/agree/",
        "/send/",
    ],
)
def test_each_page_is_ours_and_has_nothing_inline(client, ana, path):
    page = client.get(path, follow=True).content.decode()

    assert "<h1" in page
    assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son\w+=", page)


@pytest.mark.parametrize(
    "path", ["/settings/profile/", "/account/email/", "/account/password/change/", "/account/2fa/", "/account/sessions/",
             "/account/reauthenticate/"]
)  # fmt: skip
def test_each_part_of_the_settings_shows_where_it_belongs(client, ana, path):
    page = client.get(path).content.decode()
    assert re.findall(r'<a href="([^"]+)" aria-current="page"', page) == ["/settings/"]
    assert '<a class="more" href="/settings/">' in page


@pytest.mark.parametrize("path", ["/account/login/", "/account/signup/", "/account/password/reset/"])
def test_so_is_each_page_for_strangers(client, path):
    page = client.get(path).content.decode()

    assert "<h1" in page
    assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son\w+=", page)
