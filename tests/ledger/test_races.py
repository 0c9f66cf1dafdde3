"""Many at once, by real processes, on both engines: nobody wins twice and nobody is stuck."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.rounds import rounds

from .racing import ENGINES, PROCESSES, Racers, ends_well, order, racing

pytestmark = [pytest.mark.race, pytest.mark.sqlite_only]

THREADS = 5  # of each process: 20 at once
WORKERS = 8


@pytest.fixture(scope="module", params=ENGINES)
def racers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Racers]:
    with racing(request.param, tmp_path_factory) as started:
        yield started


def test_of_twenty_who_spend_the_same_last_hour_one_does(racers: Racers) -> None:
    ana, bento = racers.one("prepare", balances=[60, 0])

    for round_ in range(rounds(1000)):
        attempt = order("accept", payer=ana, payee=bento, minutes=60, key=f"send:{round_}:#")
        answers = Counter(
            answer if isinstance(answer, str) else "accepted" for answer in racers.all(attempt, threads=THREADS)
        )
        assert answers == {"accepted": 1, "not_enough_time": 19}
        assert racers.one("balances", accounts=[ana, bento]) == [0, 60]
        ana, bento = bento, ana

    ends_well(racers, [ana, bento])


def test_of_twenty_clicks_on_one_form_one_sends(racers: Racers) -> None:
    ana, bento = racers.one("prepare", balances=[1_000_000, 0])

    for round_ in range(rounds(1000)):
        click = order("accept", payer=ana, payee=bento, minutes=60, key=f"click:{round_}")
        answers = racers.all(click, threads=THREADS)
        assert len(set(answers)) == 1
        assert isinstance(answers[0], int)

    assert ends_well(racers, [ana, bento])["balances"][1] == 60 * rounds(1000)


def test_of_twenty_who_spend_the_last_two_hours_on_two_people_one_pays_both(racers: Racers) -> None:
    ana, bento, carla = racers.one("prepare", balances=[120, 0, 0])

    for round_ in range(rounds(1000)):
        attempt = order("pay_together", payer=ana, payees=[bento, carla], minutes=60, key=f"both:{round_}:#")
        answers = Counter(
            answer if isinstance(answer, str) else "accepted" for answer in racers.all(attempt, threads=THREADS)
        )
        assert answers == {"accepted": 1, "not_enough_time": 19}
        assert racers.one("balances", accounts=[ana, bento, carla]) == [0, 60, 60]
        back = [
            racers.one("pay", payer=one, payee=ana, minutes=60, key=f"back:{round_}:{one}") for one in (bento, carla)
        ]
        assert all(isinstance(answer, int) for answer in back)

    ends_well(racers, [ana, bento, carla])


def test_who_pay_one_another_together_are_all_paid_and_nobody_is_stuck(racers: Racers) -> None:
    trio = racers.one("prepare", balances=[1_000_000] * 3)

    for round_ in range(rounds(1000)):
        pays = [
            order(
                "pay_together",
                payer=payer,
                payees=[one for one in trio if one != payer][:: 1 if round_ % 2 else -1],
                minutes=1,
                key=f"{payer}:{round_}:#",
            )
            for payer in trio
        ]
        answers = racers.all(*pays, threads=2)
        assert all(isinstance(answer, list) and len(answer) == 2 for answer in answers), answers

    assert sum(ends_well(racers, trio)["balances"]) == 3_000_000


def test_what_is_posted_and_given_back_at_once_is_one_of_both(racers: Racers) -> None:
    ana, bento = racers.one("prepare", balances=[1_000_000, 0])
    arrived = 0

    for round_ in range(rounds(1000)):
        hold = racers.one("accept", payer=ana, payee=bento, minutes=60, key=f"send:{round_}", due=round_ % 2 == 0)
        answers = set(racers.all(order("post", hold=hold), order("void", hold=hold), threads=2))
        assert answers in ({"posted", "already_posted"}, {"voided", "already_voided"})
        arrived += "posted" in answers

    assert ends_well(racers, [ana, bento])["balances"] == [1_000_000 - 60 * arrived, 60 * arrived]


def test_an_account_closed_while_it_is_paid_is_either(racers: Racers) -> None:
    (ana, *others) = racers.one("prepare", balances=[1_000_000, *[0] * rounds(1000)])

    for other in others:
        attempt = order("accept", payer=ana, payee=other, minutes=1, key=f"send:{other}:#")
        answers = Counter(map(str, racers.all(order("close", account=other), attempt)))
        held = PROCESSES - sum(answers[code] for code in ("closed", "account_in_use", "account_closed"))
        if answers["closed"]:
            assert answers == {"closed": 2, "account_closed": 2}
        else:
            assert held >= 1
            assert answers["account_in_use"] == 2
        assert (racers.one("balances", accounts=[other]) == [0]) is bool(answers["closed"])

    report = racers.one("report", accounts=others)
    assert (report["faults"], report["open"]) == ([], 0)


@pytest.mark.parametrize("engine", ENGINES)
def test_opposite_storms_of_eight_workers_are_all_posted_and_nobody_is_stuck(
    engine: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    count = rounds(2000)
    with racing(engine, tmp_path_factory, processes=WORKERS) as racers:
        ana, bento = racers.one("prepare", balances=[WORKERS * count] * 2)
        before = racers.one("report", accounts=[])["posted"]
        begun = time.monotonic()

        answers = racers.all(
            order("storm", payer=ana, payee=bento, count=count, name="to:#"),
            order("storm", payer=bento, payee=ana, count=count, name="fro:#"),
        )

        assert answers == [count] * WORKERS
        report = ends_well(racers, [ana, bento])
    assert report["balances"] == [WORKERS * count] * 2
    assert report["posted"] == before + WORKERS * count
    assert time.monotonic() - begun < 60 + WORKERS * count / 2  # no lock was waited for to its end


def test_a_hold_posted_as_its_time_ends_goes_to_one_of_both(racers: Racers) -> None:
    ana, bento = racers.one("prepare", balances=[1_000_000, 0])
    arrived = 0

    for round_ in range(rounds(1000)):
        hold = racers.one("accept", payer=ana, payee=bento, minutes=60, key=f"held:{round_}", due=False, ends_in=60)
        answers = Counter(map(str, racers.all(order("post", hold=hold), order("let_expire", seconds=120))))
        if answers["posted"]:
            assert answers == {"posted": 2, "0": 2}
        else:
            assert answers == {"already_voided": 2, "1": 1, "0": 1}
        arrived += bool(answers["posted"])

    assert ends_well(racers, [ana, bento])["balances"] == [1_000_000 - 60 * arrived, 60 * arrived]


def test_a_hold_posted_by_all_at_once_arrives_once(racers: Racers) -> None:
    ana, bento = racers.one("prepare", balances=[1_000_000, 0])

    for round_ in range(rounds(1000)):
        hold = racers.one("accept", payer=ana, payee=bento, minutes=60, key=f"twice:{round_}", due=round_ % 2 == 0)
        assert set(racers.all(order("post", hold=hold), threads=2)) == {"posted"}

    assert ends_well(racers, [ana, bento])["balances"][1] == 60 * rounds(1000)


def test_a_hold_frozen_as_it_is_released_is_one_of_both(racers: Racers) -> None:
    ana, bento = racers.one("prepare", balances=[1_000_000, 0])
    arrived = 0

    for round_ in range(rounds(1000)):
        hold = racers.one("accept", payer=ana, payee=bento, minutes=60, key=f"frozen:{round_}", due=False)
        answers = Counter(racers.all(order("freeze", hold=hold), order("release", hold=hold, minutes=45)))
        if answers["released"]:
            assert answers == {"released": 2, "already_posted": 2}
            arrived += 45
        else:
            assert answers == {"frozen": 2, "hold_frozen": 2}
            racers.one("thaw", hold=hold)

    assert ends_well(racers, [ana, bento])["balances"] == [1_000_000 - arrived, arrived]


def test_a_hold_released_as_its_time_ends_arrives_or_comes_back(racers: Racers) -> None:
    ana, bento = racers.one("prepare", balances=[1_000_000, 0])
    arrived = 0

    for round_ in range(rounds(1000)):
        hold = racers.one("accept", payer=ana, payee=bento, minutes=60, key=f"late:{round_}", due=False, ends_in=60)
        answers = Counter(
            map(str, racers.all(order("release", hold=hold, minutes=45), order("let_expire", seconds=120)))
        )
        if answers["released"]:
            assert answers == {"released": 2, "0": 2}
            arrived += 45
        else:
            assert answers == {"already_voided": 2, "1": 1, "0": 1}

    assert ends_well(racers, [ana, bento])["balances"] == [1_000_000 - arrived, arrived]


def test_minutes_swept_as_they_are_spent_go_to_one_of_both(racers: Racers) -> None:
    ana, bento = racers.one("prepare", balances=[0, 0])
    racers.one("sweep", days=400)  # what people of other stories have
    spent = 0

    for round_ in range(rounds(1000)):
        racers.one("grant", account=ana, minutes=60, key=f"grant:{ana}:{round_}")
        answers = racers.all(
            order("sweep", days=400), order("accept", payer=ana, payee=bento, minutes=60, key=f"spend:{round_}")
        )
        swept, accepted = answers[::2], answers[1::2]
        assert len(set(accepted)) == 1  # the same click, twice
        if accepted[0] == "not_enough_time":
            assert sorted(swept) == [0, 1]
        else:
            assert swept == [0, 0]
            spent += 60
        assert racers.one("balances", accounts=[ana, bento]) == [0, spent]

    ends_well(racers, [ana, bento])


def test_a_payment_undone_in_two_parts_at_once_goes_back_no_more_than_once(racers: Racers) -> None:
    ana, bento = racers.one("prepare", balances=[1_000_000, 0])

    for round_ in range(rounds(1000)):
        paid = racers.one("pay", payer=ana, payee=bento, minutes=60, key=f"undone:{round_}")
        answers = racers.all(
            *(order("reverse", transfer=paid, minutes=part, key=f"back:{paid}:{part}") for part in (40, 30, 25, 20))
        )
        back = sum(answer for answer in answers if isinstance(answer, int))
        assert back in {40 + 20, 30 + 25, 30 + 20, 25 + 20}
        assert set(map(str, answers)) <= {"40", "30", "25", "20", "more_than_moved", "nothing_to_reverse"}
        ana_has, bento_has = racers.one("balances", accounts=[ana, bento])
        assert (ana_has + bento_has, bento_has) == (1_000_000, 60 - back)
        if back < 60:
            racers.one("reverse", transfer=paid, minutes=60 - back, key=f"rest:{paid}")

    assert ends_well(racers, [ana, bento])["balances"] == [1_000_000, 0]


def test_a_limit_cut_as_it_is_used_lets_nobody_below_it(racers: Racers) -> None:
    ana, bento = racers.one("prepare", balances=[0, 0])

    for round_ in range(rounds(1000)):
        racers.one("limit", account=ana, minutes=60)
        payment = order("pay", payer=ana, payee=bento, minutes=60, key=f"cut:{round_}")
        answers = Counter(map(str, racers.all(order("limit", account=ana, minutes=0), payment)))
        assert answers["limited"] == 2
        paid = answers["not_enough_time"] == 0
        assert racers.one("balances", accounts=[ana, bento]) == ([-60, 60] if paid else [0, 0])
        if paid:
            racers.one("pay", payer=bento, payee=ana, minutes=60, key=f"back:{round_}")

    assert ends_well(racers, [ana, bento])["balances"] == [0, 0]


def test_a_change_called_off_as_it_takes_effect_is_one_of_both(racers: Racers) -> None:
    [ana] = racers.one("prepare", balances=[0])
    racers.one("own_limit", account=ana, minutes=60)

    for _round in range(rounds(200)):
        before, after = (60, 120) if racers.one("limits", account=ana)[0] == 60 else (120, 60)
        change = racers.one("plan", account=ana, minutes=after)
        both = (order("let_limits_change", days=2), order("call_off", change=change))
        answers = Counter(map(str, racers.all(*both)))
        if answers["called_off"]:
            assert answers == {"called_off": 1, "called_off_already": 1, "0": 2}
        else:
            assert (answers["limits_in_force"], answers["1"] >= 1) == (2, True)
        assert racers.one("limits", account=ana) == [before if answers["called_off"] else after, True]

    ends_well(racers, [ana])


def test_who_returns_to_the_common_limits_as_they_change_has_the_new_ones(racers: Racers) -> None:
    [ana] = racers.one("prepare", balances=[0])

    for round_ in range(rounds(200)):
        racers.one("own_limit", account=ana, minutes=999)
        common = order("limit_all", minutes=60 + round_, by=ana)
        answers = racers.all(order("follow_common_limits", account=ana), common)
        assert "made" in answers
        assert racers.one("limits", account=ana) == [60 + round_, False]

    racers.one("limit_all", minutes=0, by=ana)
    ends_well(racers, [ana])


def test_records_sealed_by_several_at_once_are_numbered_without_a_gap(racers: Racers) -> None:
    ana, bento = racers.one("prepare", balances=[1_000_000, 0])

    for round_ in range(rounds(1000)):
        racers.all(
            order("seal"),
            order("storm", payer=ana, payee=bento, count=3, name=f"{round_}.#"),
            threads=2,
        )

    ends_well(racers, [ana, bento])  # the check of the log's numbers among it


def test_of_twenty_who_confirm_one_code_one_pays_it(racers: Racers) -> None:
    bento, *payers = racers.one("prepare", balances=[0, *[1_000_000] * PROCESSES * THREADS])

    for round_ in range(rounds(1000)):
        request = racers.one("ask", payee=bento, minutes=60, key=f"ask:{round_}")
        pay = order("pay_request", request=request, payers=payers, minutes=60, racer="#")
        answers = Counter(answer if isinstance(answer, str) else "paid" for answer in racers.all(pay, threads=THREADS))
        assert answers == {"paid": 1, "request_paid": 19}

    assert ends_well(racers, [bento])["balances"] == [60 * rounds(1000)]


def test_of_twenty_confirmations_by_one_payer_all_get_the_first_answer(racers: Racers) -> None:
    bento, ana = racers.one("prepare", balances=[0, 1_000_000])

    for round_ in range(rounds(1000)):
        request = racers.one("ask", payee=bento, minutes=60, key=f"ask:{round_}")
        pay = order("pay_request", request=request, payers=[ana], minutes=60, racer="#")
        answers = racers.all(pay, threads=THREADS)
        assert len(set(answers)) == 1
        assert isinstance(answers[0], int)

    assert ends_well(racers, [bento])["balances"] == [60 * rounds(1000)]


def test_a_code_paid_as_its_time_ends_or_as_it_is_taken_back_is_one_of_both(racers: Racers) -> None:
    bento, *payers = racers.one("prepare", balances=[0, *[1_000_000] * 3])
    paid = 0

    for round_ in range(rounds(1000)):
        request = racers.one("ask", payee=bento, minutes=60, key=f"ask:{round_}")
        pay = order("pay_request", request=request, payers=payers, minutes=60, racer="#")
        # Paying is the longer way: only with a head start does it win as often as not.
        pause_ms = round_ // 2 % 10
        ending = (
            order("expire_requests", seconds=3600, pause_ms=pause_ms)
            if round_ % 2
            else order("cancel_request", request=request, pause_ms=pause_ms)
        )
        answers = Counter("paid" if isinstance(answer, int) and answer > 1 else str(answer)
                          for answer in racers.all(pay, ending))  # fmt: skip
        state = racers.one("state_of_request", request=request)
        assert state in ({"paid", "expired"} if round_ % 2 else {"paid", "cancelled"})
        if state == "paid":
            assert answers["paid"] >= 1
            paid += 1
        else:
            assert answers["paid"] == 0
        assert sum(answers.values()) == PROCESSES

    assert ends_well(racers, [bento])["balances"] == [60 * paid]
