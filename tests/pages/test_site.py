"""The community's own pages, for everyone, and the kind words when something fails."""

from __future__ import annotations

from itertools import pairwise

import pytest
from django.core.exceptions import BadRequest, PermissionDenied
from django.test import Client, RequestFactory
from django.urls import path
from django.utils import translation

from timebank import views
from timebank.urls import urlpatterns as all_addresses

from ..factories import make_member
from .moving import send
from .reading import links, words

pytestmark = pytest.mark.django_db

PUBLIC = ["/", "/how-it-works/", "/terms/", "/privacy/"]


def bad(request):
    raise BadRequest("private words")


def forbidden(request):
    raise PermissionDenied("private words")


def broken(request):
    raise RuntimeError("private words")


urlpatterns = [*all_addresses, path("x/400", bad), path("x/403", forbidden), path("x/500", broken)]
handler400 = "timebank.views.bad_request"
handler500 = "timebank.middleware.server_error"


@pytest.mark.parametrize("address", PUBLIC)
def test_everyone_can_read_what_this_is(client, address):
    page = client.get(address)
    assert page.status_code == 200
    assert page.content.decode().count("<h1") == 1


@pytest.mark.parametrize("address", PUBLIC)
def test_strangers_pages_ask_the_database_nothing_they_need_not(client, django_assert_max_num_queries, address):
    client.get(address)
    with django_assert_max_num_queries(0):  # the figures are remembered for ten minutes
        client.get(address)


def test_a_new_community_shows_no_figures(client):
    assert "neighbours" not in links(client.get("/"), "neighbours")
    assert "stats" not in client.get("/").content.decode()


def test_a_living_community_shows_its_figures(client):
    people = [make_member(minutes=240) for _ in range(6)]
    for giver, taker in pairwise(people):
        send(giver, taker, 60)
    assert "neighbours 6 hours exchanged 5 payments this month 5" in words(client.get("/"))


def test_who_is_signed_in_goes_straight_to_her_own_page(client):
    client.force_login(make_member())
    assert client.get("/").url == "/home/"


@pytest.mark.parametrize("address", PUBLIC)
def test_a_page_speaks_the_browsers_language(client, address):
    page = client.get(address, headers={"accept-language": "pt-BR,pt;q=0.9,en;q=0.5"})
    assert '<html lang="pt-br"' in page.content.decode()


def test_a_stranger_chooses_the_language_and_stays_where_she_is(client):
    answer = client.post("/language/", {"language": "pt-br", "next": "/terms/"})
    assert answer.url == "/terms/"
    assert '<html lang="pt-br"' in client.get("/terms/").content.decode()


def test_a_members_choice_is_kept_with_her(client):
    ana = make_member(language="en", theme="dark")
    client.force_login(ana)

    client.post("/language/", {"language": "pt-br", "next": "/home/"})

    ana.refresh_from_db()
    assert (ana.language, ana.theme) == ("pt-br", "dark")
    page = client.get("/home/").content.decode()
    assert '<html lang="pt-br" data-theme="dark"' in page


@pytest.mark.parametrize("where", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)", ""])
def test_choosing_a_language_leads_nowhere_else(client, where):
    assert client.post("/language/", {"language": "en", "next": where}).url == "/"


def test_there_is_no_third_language(client):
    client.post("/language/", {"language": "tlh", "next": "/terms/"})
    assert '<html lang="en"' in client.get("/terms/").content.decode()


def test_robots_stay_outside(client):
    robots = client.get("/robots.txt")
    assert robots["Content-Type"] == "text/plain"
    assert "Disallow: /home/" in robots.content.decode()


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    ("address", "status", "title"),
    [
        ("/x/400", 400, "We did not understand that"),
        ("/x/403", 403, "This is not for you"),
        ("/nowhere/", 404, "There is nothing here"),
        ("/x/500", 500, "Something went wrong here"),
    ],
)
@pytest.mark.parametrize("is_signed_in", [False, True])
def test_what_went_wrong_is_said_kindly(address, status, title, is_signed_in):
    client = Client(raise_request_exception=False)
    if is_signed_in:
        client.force_login(make_member(theme="dark"))

    page = client.get(address)

    assert page.status_code == status
    assert title in words(page)
    assert "private words" not in page.content.decode()


def test_an_old_form_is_refused_kindly():
    page = Client(enforce_csrf_checks=True).post("/language/", {"language": "en"})
    assert page.status_code == 403
    assert "That form was too old" in words(page)


def test_the_500_page_needs_neither_sprite_nor_database(django_assert_num_queries):
    from timebank.middleware import server_error

    with django_assert_num_queries(0):
        page = server_error(RequestFactory().get("/"))
    assert page.status_code == 500
    assert "icons.svg" not in page.content.decode()


def test_a_bad_request_is_answered_in_the_readers_language():
    with translation.override("pt-br"):
        page = views.bad_request(RequestFactory().get("/"), ValueError())
    assert page.status_code == 400


@pytest.mark.parametrize("address", [*PUBLIC, "/account/login/", "/account/signup/", "/nowhere/"])
def test_nothing_stands_inline(client, address):
    page = client.get(address).content.decode()
    assert " style=" not in page
    assert "<style" not in page
    assert "<script>" not in page
    assert " onclick=" not in page
