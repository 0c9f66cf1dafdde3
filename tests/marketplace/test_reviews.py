"""What the two say of each other afterwards: once each, and hidden until both did."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Member
from marketplace import operations
from marketplace.models import Exchange, Review
from marketplace.rules import NotYours, OutOfTurn
from tests.factories import make_dispute, make_exchange, make_member, make_moderator
from tests.work import drain
from timebank import clock

pytestmark = pytest.mark.django_db

State = Exchange.State


def test_hidden_until_both_wrote() -> None:
    exchange = make_exchange(state=State.COMPLETED)
    operations.review_exchange(exchange, by=exchange.receiver, stars=5, text="Kind and quick.")
    assert not Review.objects.about(exchange.provider).exists()

    operations.review_exchange(exchange, by=exchange.provider, stars=4)

    assert [review.stars for review in Review.objects.about(exchange.provider)] == [5]
    assert [review.stars for review in Review.objects.about(exchange.receiver)] == [4]


def test_one_each() -> None:
    exchange = make_exchange(state=State.COMPLETED)
    operations.review_exchange(exchange, by=exchange.receiver, stars=5)
    with pytest.raises(operations.AlreadyReviewed):
        operations.review_exchange(exchange, by=exchange.receiver, stars=1)
    operations.review_exchange(exchange, by=exchange.provider, stars=5)
    with pytest.raises(operations.AlreadyReviewed):
        operations.review_exchange(exchange, by=exchange.receiver, stars=1)
    assert Review.objects.count() == 2


@pytest.mark.parametrize("state", sorted(set(State.values) - {State.COMPLETED, State.RESOLVED}))
def test_before_the_end_there_is_nothing_to_review(state: str) -> None:
    exchange = make_exchange(state=state)
    assert not operations.may_review(exchange, exchange.receiver)
    with pytest.raises(OutOfTurn, match="once the exchange is completed"):
        operations.review_exchange(exchange, by=exchange.receiver, stars=5)


def test_only_the_two_review() -> None:
    exchange = make_exchange(state=State.COMPLETED)
    with pytest.raises(NotYours):
        operations.review_exchange(exchange, by=make_moderator(), stars=5)


def test_who_is_suspended_reviews_nobody() -> None:
    exchange = make_exchange(state=State.COMPLETED)
    Member.objects.filter(pk=exchange.receiver.pk).update(state=Member.State.SUSPENDED)
    with pytest.raises(operations.CannotTakePart):
        operations.review_exchange(exchange, by=exchange.receiver, stars=1)


def test_one_review_alone_is_shown_when_time_is_over_and_then_nobody_adds_to_it() -> None:
    exchange = make_exchange(state=State.COMPLETED)
    operations.review_exchange(exchange, by=exchange.receiver, stars=2)
    with clock.ahead_by(timedelta(days=14) - timedelta(minutes=1)):
        drain()
        assert not Review.objects.published().exists()

    with clock.ahead_by(timedelta(days=14)):
        with pytest.raises(operations.TooLate):
            operations.review_exchange(exchange, by=exchange.provider, stars=1)
        drain()
        assert Review.objects.about(exchange.provider).count() == 1
        with pytest.raises(operations.TooLate):
            operations.review_exchange(exchange, by=exchange.provider, stars=1)


def test_while_it_is_disputed_no_review_is_shown_or_written() -> None:
    exchange = make_exchange(state=State.COMPLETED)
    operations.review_exchange(exchange, by=exchange.receiver, stars=1)
    dispute = make_dispute(exchange)

    with clock.ahead_by(timedelta(days=15)):
        drain()
        assert not Review.objects.published().exists()
        with pytest.raises(OutOfTurn):
            operations.review_exchange(exchange, by=exchange.provider, stars=1)
        operations.rule(dispute, by=make_moderator(), outcome="release", because="It was done.")
        drain()
        assert not Review.objects.published().exists()


def test_after_a_ruling_there_is_all_the_time_to_review_that_was_lost_to_the_dispute() -> None:
    exchange = make_exchange(state=State.COMPLETED)
    operations.review_exchange(exchange, by=exchange.receiver, stars=1)
    dispute = make_dispute(exchange)

    with clock.ahead_by(timedelta(days=20)):
        operations.rule(dispute, by=make_moderator(), outcome="release", because="It was done.")
    with clock.ahead_by(timedelta(days=33)):
        drain()
        assert operations.review_exchange(exchange, by=exchange.provider, stars=4)
        assert Review.objects.published().count() == 2


def test_reviews_that_were_shown_before_a_dispute_stay_and_none_is_added() -> None:
    exchange = make_exchange(state=State.COMPLETED)
    for member in (exchange.receiver, exchange.provider):
        operations.review_exchange(exchange, by=member, stars=5)
    ruled = operations.rule(make_dispute(exchange), by=make_moderator(), outcome="release", because="It was done.")
    assert Review.objects.published().count() == 2
    assert ruled.exchange.reviews_until is None


def test_what_a_moderator_settled_is_reviewed_too() -> None:
    exchange = make_exchange(state=State.RESOLVED)
    assert operations.may_review(exchange, exchange.provider)
    assert operations.review_exchange(exchange, by=exchange.provider, stars=3).stars == 3


@pytest.mark.parametrize("stars", [0, 6])
def test_stars_are_one_to_five(stars: int) -> None:
    exchange = make_exchange(state=State.COMPLETED)
    with pytest.raises(IntegrityError), transaction.atomic():
        operations.review_exchange(exchange, by=exchange.receiver, stars=stars)


def test_a_stranger_may_not() -> None:
    assert not operations.may_review(make_exchange(state=State.COMPLETED), make_member())
