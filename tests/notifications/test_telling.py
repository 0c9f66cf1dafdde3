"""Events: numbered without gaps, whoever writes at the same time; delivered once."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.db.models import F

from notifications import live, operations, queries, tasks
from notifications.models import Event, Feed
from notifications.operations import Telling, tell, tell_all
from timebank.retries import retried

from ..factories import make_member
from ..rounds import rounds

PAID = {"transfer": "k3v9m2xq7dhp4rtw8c", "amount_minutes": 60, "kind": "help"}


def newcomer(**fields):
    return make_member(state="new", **fields)


def elsewhere(work: Callable[..., Any], *args: Any) -> None:
    """Do ``work`` on the present thread with a connection of its own."""
    try:
        work(*args)
    finally:
        connections.close_all()


@pytest.fixture
def pushed(monkeypatch):
    """What was pushed to open pages, in the order of the pushes."""
    frames: list[live.Addressed] = []
    monkeypatch.setattr(live, "_send", lambda message: frames.extend(message["frames"]) or True)
    return frames


@pytest.mark.django_db
def test_each_member_has_numbers_of_her_own_in_the_order_of_telling():
    ana, bento = newcomer(), newcomer()

    tell_all([Telling(bento.pk, "hours-arrived", ana.pk, PAID), Telling(ana.pk, "hours-delivered", bento.pk, PAID)])
    tell(bento, "membership-changed", data={"state": "active"}, in_inbox=True)

    assert list(Event.objects.since(bento, 0).values_list("seq", "type")) == [
        (1, "hours-arrived"),
        (2, "membership-changed"),
    ]
    event = Event.objects.get(member=ana)
    assert (event.seq, event.about, event.data, event.in_inbox, event.by_mail) == (1, bento, PAID, False, False)
    assert Feed.objects.get(member=bento).last_seq == 2


@pytest.mark.django_db
def test_many_are_told_with_a_few_statements(django_assert_num_queries):
    members = [newcomer() for _ in range(3)]
    tellings = [Telling(members[n % 3].pk, "hours-arrived", members[0].pk, PAID) for n in range(400)]

    with django_assert_num_queries(2):
        tell_all(tellings)

    assert [event.seq for event in Event.objects.since(members[1], 0)] == list(range(1, 134))


@pytest.mark.django_db
def test_more_than_fit_in_one_statement_are_told_too():
    member = newcomer()
    tell_all([Telling(member.pk, "hours-arrived", None, PAID)] * 1201)
    assert list(Event.objects.since(member, 1199).values_list("seq", flat=True)) == [1200, 1201]


@pytest.mark.django_db
def test_an_unknown_type_is_a_mistake_of_ours():
    with pytest.raises(ValueError, match="unknown types of events"):
        tell(newcomer(), "hours-evaporated")


@pytest.mark.django_db(transaction=True)
def test_telling_without_a_cause_is_a_mistake_of_ours():
    with pytest.raises(ValueError, match="in the transaction"):
        tell_all([])


@pytest.mark.django_db(transaction=True)
def test_what_is_undone_is_not_told_and_leaves_no_gap():
    member = newcomer()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        tell(member, "hours-arrived", data=PAID)
        _ = 1 / 0
    tell(member, "hours-arrived", data=PAID)
    assert [event.seq for event in Event.objects.all()] == [1]


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_numbers_have_no_gaps_however_many_tell_at_once():
    """And whoever asks meanwhile "what came after n?" never misses one for good."""
    members = [newcomer() for _ in range(3)]
    threads, each = 4, rounds(1000)
    start = threading.Barrier(threads + 1)
    told = threading.Event()
    followed: dict[int, list[int]] = defaultdict(list)

    @retried
    @transaction.atomic
    def tell_everybody(number: int) -> None:
        order = members if number % 2 else members[::-1]
        tell_all([Telling(member.pk, "hours-arrived", None, PAID) for member in order])

    def write(number: int) -> None:
        start.wait()
        for _ in range(each):
            tell_everybody(number)

    def follow() -> None:
        start.wait()
        is_last = False
        while not is_last:
            is_last = told.is_set()
            for member in members:
                seen = followed[member.pk]
                since = seen[-1] if seen else 0
                missed = queries.missed(member.pk, since)
                # Of too many a page is told to load anew, which reads them all: slow threads may fall so far behind.
                events = missed.events if missed.is_whole else Event.objects.since(member, since)
                seen += [event.seq for event in events]

    with ThreadPoolExecutor(threads + 1) as pool:
        reading = pool.submit(elsewhere, follow)
        writing = [pool.submit(elsewhere, write, number) for number in range(threads)]
        for each_writing in writing:
            each_writing.exception()
        told.set()
        for future in (*writing, reading):
            future.result()

    expected = list(range(1, threads * each + 1))
    for member in members:
        assert list(Event.objects.since(member, 0).values_list("seq", flat=True)) == expected
        assert followed[member.pk] == expected


@pytest.mark.django_db(transaction=True)
def test_what_is_untold_is_pushed_once_in_the_members_order(pushed):
    ana, bento = newcomer(), newcomer()
    with transaction.atomic():
        tell_all(
            [
                Telling(bento.pk, "hours-arrived", ana.pk, PAID, in_inbox=True),
                Telling(ana.pk, "hours-delivered", bento.pk, PAID),
            ]
        )
    tell(bento, "membership-changed", data={"state": "active"}, in_inbox=True)
    assert tasks.deliver_events.is_due()

    tasks.deliver_events()
    tasks.deliver_events()

    assert not tasks.deliver_events.is_due()
    for _member, frame in pushed:
        del frame["timestamp"]
    assert pushed == [
        (bento.pk, {**PAID, "seq": 1, "type": "hours-arrived", "in_inbox": True}),
        (ana.pk, {**PAID, "seq": 1, "type": "hours-delivered", "in_inbox": False}),
        (bento.pk, {"state": "active", "seq": 2, "type": "membership-changed", "in_inbox": True}),
    ]


@pytest.mark.django_db(transaction=True)
def test_a_large_backlog_is_delivered_to_its_end(pushed):
    member = newcomer()
    with transaction.atomic():
        tell_all([Telling(member.pk, "hours-arrived", None, PAID)] * 1201)
    tasks.deliver_events()
    assert [frame["seq"] for _, frame in pushed] == list(range(1, 1202))


@pytest.mark.django_db(transaction=True)
def test_two_workers_deliver_each_event_once(pushed):
    member = newcomer()
    with transaction.atomic():
        tell_all([Telling(member.pk, "hours-arrived", None, PAID)] * 600)

    with ThreadPoolExecutor(4) as pool:
        for delivery in [pool.submit(elsewhere, tasks.deliver_events) for _ in range(4)]:
            delivery.result()

    assert sorted(frame["seq"] for _, frame in pushed) == list(range(1, 601))


@pytest.mark.django_db(transaction=True)
def test_events_are_told_though_nobody_can_be_reached(monkeypatch, caplog):
    async def is_away(message):
        raise OSError("the layer is away")

    monkeypatch.setattr(live, "_send_within_patience", is_away)
    tell(newcomer(), "hours-arrived", data=PAID)
    tasks.deliver_events()
    assert not Event.objects.untold().exists()
    assert "could not be pushed" in caplog.text


@pytest.mark.django_db
def test_what_a_page_missed_comes_in_order_from_the_events():
    member = newcomer()
    tell_all([Telling(member.pk, "hours-arrived", None, PAID)] * 5)

    assert [frame["seq"] for frame in queries.missed(member.pk, 2).frames] == [3, 4, 5]
    assert queries.missed(member.pk, 5) == queries.Missed(5, [])
    assert queries.missed(newcomer().pk, 0) == queries.Missed(0, [])


@pytest.mark.django_db
def test_a_page_that_missed_too_much_or_knows_the_future_looks_anew(monkeypatch):
    monkeypatch.setattr(queries, "MOST_MISSED", 3)
    member = newcomer()
    tell_all([Telling(member.pk, "hours-arrived", None, PAID)] * 5)

    assert queries.missed(member.pk, 1) == queries.Missed(5, [], is_whole=False)
    assert queries.missed(member.pk, 6) == queries.Missed(5, [], is_whole=False)


@pytest.mark.django_db
def test_marking_as_read_touches_only_what_was_seen_and_ones_own():
    ana, bento = newcomer(), newcomer()
    tell_all([Telling(member.pk, "hours-arrived", None, PAID, in_inbox=True) for member in (ana, ana, ana, bento)])

    assert operations.mark_read(ana, 1)
    assert not operations.mark_read(ana, 1)
    assert operations.mark_all_read(ana, up_to=2) == 1
    assert (queries.standing(ana).unread, queries.standing(bento).unread) == (1, 1)
    assert operations.mark_all_read(ana) == 1
    assert (queries.standing(ana), queries.standing(bento)) == (queries.Standing(3, 0), queries.Standing(1, 1))


@pytest.mark.django_db
def test_numbers_begin_at_one_and_are_given_once():
    from django.db import IntegrityError

    member = newcomer()
    tell(member, "hours-arrived", data=PAID)
    for wrong in ({"seq": 0}, {"seq": F("seq") - 1}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Event.objects.update(**wrong)
    event = Event.objects.get()
    event.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        event.save(force_insert=True)
    assert connection.is_usable()
