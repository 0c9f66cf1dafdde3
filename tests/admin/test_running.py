"""Work that was given up, and the page of the books."""

from __future__ import annotations

import pytest

from ledger.operations import note_check
from tests.factories import make_coordinator, make_member, make_moderator, make_superuser
from tests.pages.reading import words
from timebank import clock
from timebank.durations import shown
from timebank.jobs.models import Job
from timebank.tasks import check_books

pytestmark = pytest.mark.django_db

JOBS = "/admin/jobs/job/"


def make_dead_job() -> Job:
    now = clock.now()
    return Job.objects.create(
        name="notifications.tasks.send_letter",
        queue="notifications",
        args=[0],
        created_at=now,
        not_before=now,
        tries=8,
        dead_at=now,
        last_error="builtins.ConnectionRefusedError",
    )


def run_again(browser, job: Job) -> None:
    browser.post(JOBS, {"action": "run_again", "_selected_action": [job.pk]})
    job.refresh_from_db()


@pytest.mark.parametrize("make", [make_coordinator, make_superuser], ids=["coordinator", "administrator"])
def test_whoever_looks_after_the_site_runs_a_dead_job_again(signed_in, make):
    job = make_dead_job()
    browser = signed_in(make())
    assert "1 job failed" in browser.get("/admin/").content.decode()
    listed = browser.get(JOBS, {"state": "dead"}).content.decode()
    assert "ConnectionRefusedError" in listed
    assert "99999" not in listed

    run_again(browser, job)

    assert (job.dead_at, job.tries) == (None, 0)
    assert list(Job.objects.open()) == [job]


def test_a_moderator_does_not(signed_in):
    job = make_dead_job()
    run_again(signed_in(make_moderator()), job)
    assert job.dead_at is not None


def test_the_lists_of_jobs_by_their_state(signed_in):
    dead = make_dead_job()
    browser = signed_in(make_superuser())
    listed = {
        state: [job.pk for job in browser.get(JOBS, {"state": state} if state else {}).context["cl"].result_list]
        for state in ("", "dead", "open", "done")
    }
    assert listed == {"": [dead.pk], "dead": [dead.pk], "open": [], "done": []}


def test_an_empty_list_offers_to_drop_filters_only_where_there_are_some(signed_in):
    browser = signed_in(make_superuser())
    empty, filtered = (browser.get(JOBS, asked).content.decode() for asked in ({}, {"state": "dead"}))
    assert "Nothing here yet" in empty
    assert "Reset filters" not in empty
    assert "No results found" in filtered
    assert "Reset filters" in filtered


def test_the_books_are_checked_when_asked(signed_in):
    make_member(minutes=90)
    browser = signed_in(make_coordinator())
    page = browser.get("/admin/books/").content.decode()
    assert shown(90) in page
    assert "are sound" not in page
    assert "the books are sound" in browser.post("/admin/books/").content.decode()


def test_a_plain_visit_says_when_the_books_were_checked_last_and_what_was_found(signed_in):
    browser = signed_in(make_coordinator())
    assert "The first check is still to come." in words(browser.get("/admin/books/"))

    check_books()
    assert "all of it adds up: today" in words(browser.get("/admin/books/"))

    note_check(["I3", "I7"])
    assert "something does not add up (I3 I7). today" in words(browser.get("/admin/books/"))


def test_a_member_sees_no_books(signed_in):
    assert signed_in(make_member()).get("/admin/books/").status_code == 302
