"""Reading and writing amounts of time."""

from __future__ import annotations

import pytest
from django import forms
from django.utils import translation
from hypothesis import example, given
from hypothesis import strategies as st

from timebank.durations import (
    MOST_MINUTES,
    NO_BREAK,
    NotMinutes,
    in_words,
    parse_minutes,
    quick_picks,
    readings,
    said_in,
    shown,
    such_as,
    unbroken,
)
from timebank.durations_field import SUCH_AS, MinutesField


class HintedForm(forms.Form):
    amount_minutes = MinutesField(help_text=SUCH_AS)


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0, "0 min"),
        (1, "1 min"),
        (59, "59 min"),
        (60, "1 h"),
        (61, "1 h 1 min"),
        (90, "1 h 30 min"),
        (120, "2 h"),
        (60_000_000, "1000000 h"),
        (-45, "−45 min"),
        (-90, "−1 h 30 min"),
    ],
)
def test_minutes_are_said_in_hours_and_minutes(minutes, words):
    assert in_words(minutes) == words


@pytest.mark.parametrize(
    ("minutes", "english", "portuguese"),
    [
        (90, "1~h~30~min", "1~h~30~min"),
        (-45, "−45~min", "−45~min"),
        (599_999, "9999~h~59~min", "9999~h~59~min"),
        (59_985_120, "999,752~h", "999.752~h"),
        (-59_985_121, "−999,752~h~1~min", "−999.752~h~1~min"),
    ],
)
def test_on_a_page_they_stay_on_one_line_and_large_ones_can_be_read(minutes, english, portuguese):
    assert shown(minutes) == english.replace("~", NO_BREAK)
    with translation.override("pt-br"):
        assert shown(minutes) == portuguese.replace("~", NO_BREAK)


@pytest.mark.parametrize(
    ("minutes", "in_minutes", "in_days"),
    [
        (0, "0 min", "0 min"),
        (59, "59 min", "59 min"),
        (90, "90 min", "1 h 30 min"),
        (480, "480 min", "1 d"),
        (510, "510 min", "1 d 30 min"),
        (-1050, "−1050 min", "−2 d 1 h 30 min"),
    ],
)
def test_whoever_likes_it_reads_minutes_alone_or_days_too(minutes, in_minutes, in_days):
    with said_in("minutes"):
        assert in_words(minutes) == in_minutes
    with said_in("days"):
        assert in_words(minutes) == in_days
        assert shown(minutes) == in_days.replace(" ", NO_BREAK)
        assert unbroken(f"You have {in_days}.") == f"You have {in_days.replace(' ', NO_BREAK)}."


def test_large_numbers_of_minutes_are_grouped_too():
    with said_in("minutes"):
        assert shown(59_985) == f"59,985{NO_BREAK}min"


def test_a_day_is_as_long_as_the_community_says(settings):
    settings.DAY_MINUTES = 450
    with said_in("days"):
        assert in_words(900) == "2 d"


def test_there_is_no_other_unit_and_each_ends_where_it_was_asked_for():
    with pytest.raises(ValueError, match="weeks"), said_in("weeks"):
        pass
    assert in_words(90) == "1 h 30 min"


@given(st.integers(1, MOST_MINUTES - 1), st.sampled_from(["minutes", "hours", "days"]))
def test_however_it_is_said_it_is_read_again(minutes, largest):
    with said_in(largest):
        assert parse_minutes(in_words(minutes)) == minutes


def test_amounts_within_a_sentence_stay_on_one_line():
    sentence = "Such as 1 h 30 min, 1:30 or 45 min. You can send up to 4 h; the 3 hidden ones need 5 h."
    told = "Such as 1~h~30~min, 1:30 or 45~min. You can send up to 4~h; the 3 hidden ones need 5~h."
    assert unbroken(sentence) == told.replace("~", NO_BREAK)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("1h30", 90),
        ("1H30", 90),
        ("1h 30", 90),
        ("1h05", 65),
        ("1:30", 90),
        ("0:45", 45),
        ("1:30 h", 90),
        ("1 h 30 min", 90),
        ("1h30min", 90),
        ("90 min", 90),
        ("90 MIN.", 90),
        ("90m", 90),
        ("1,5 h", 90),
        ("1.5h", 90),
        ("0,25 h", 15),
        ("2 d", 960),
        ("1.5 d", 720),
        ("0.125 d", 60),
        ("1 d 2 h 5 min", 605),
        ("2 horas", 120),
        ("1 hora", 60),
        ("1 hora e 30 minutos", 90),
        ("1 hour and 30 minutes", 90),
        ("1 day", 480),
        ("3 dias", 1440),
        ("1.0 min", 1),
        ("  1   h  30   min ", 90),
        ("1\u2009h\u202f30\u00a0min", 90),
        ("15", 15),
        ("90", 90),
        ("000090", 90),
        ("uma hora", 60),
        ("Uma Hora", 60),
        ("1 hora e meia", 90),
        ("uma hora e meia", 90),
        ("2 h e meia", 150),
        ("meia hora", 30),
        ("half an hour", 30),
        ("half hour", 30),
        ("an hour", 60),
        ("one hour and a half", 90),
        ("an  hour and a half", 90),
        ("2 hours and a half", 150),
        ("um minuto", 1),
        ("1 dia e meio", 720),
        ("um dia e meio", 720),
        ("2 d e meio", 1200),
        ("2 days and a half", 1200),
    ],
)
def test_people_write_time_in_many_ways(text, minutes):
    assert parse_minutes(text) == minutes


@pytest.mark.parametrize(
    ("text", "unit", "minutes"),
    [
        ("2", "hours", 120),
        ("2", "minutes", 2),
        ("2", "days", 960),
        ("1,5", "hours", 90),
        ("30 min", "hours", 30),
        ("1:30", "minutes", 90),
    ],
)
def test_a_bare_number_takes_the_unit_of_its_field(text, unit, minutes):
    assert parse_minutes(text, unit=unit) == minutes


@pytest.mark.parametrize(
    ("text", "in_minutes", "in_days"),
    [
        ("1", 1, 480),
        ("2", 2, 960),
        ("45", 45, 21_600),
        ("2.5", "The nearest are 2 min and 3 min.", 1200),
        ("2,5", "The nearest are 2 min and 3 min.", 1200),
        ("1,5", "The nearest are 1 min and 2 min.", 720),
        ("0.001", "The nearest are 1 min and 2 min.", "The nearest are 1 min and 2 min."),
        ("2.33", "The nearest are 2 min and 3 min.", "The nearest are 2 d 2 h 38 min and 2 d 2 h 39 min."),
        ("2 h", 120, 120),
        ("1:30", 90, 90),
        ("1 h 30 min", 90, 90),
    ],
)
def test_a_number_alone_is_in_the_unit_its_writer_likes_where_that_is_no_hours(text, in_minutes, in_days):
    for units, meant in (("minutes", in_minutes), ("days", in_days)):
        with said_in(units):
            if isinstance(meant, int):
                assert parse_minutes(text) == meant
            else:
                with pytest.raises(NotMinutes) as refused:
                    parse_minutes(text)
                assert str(refused.value) == f"We count whole minutes. {meant}"


def test_what_stands_beside_the_field_follows_the_unit():
    said = {}
    for units in ("minutes", "hours", "days"):
        with said_in(units):
            said[units] = (such_as(), quick_picks())
            assert said[units][0] in str(HintedForm()["amount_minutes"].help_text)
    assert said == {
        "minutes": ("A number alone is minutes, such as 90. Or write 1 h 30 min or 1:30.", [30, 60, 120]),
        "hours": ("Such as 1 h 30 min, 1:30 or 45 min.", [30, 60, 120]),
        "days": ("A number alone is days, such as 1 or 2.5. Or write 1 h 30 min or 45 min.", [240, 480, 960]),
    }


@given(st.integers(0, 9999), st.integers(0, 99), st.sampled_from([("minutes", 1), ("days", 480)]))
def test_a_bare_number_is_exact_or_refused_and_always_whole(whole, hundredths, unit):
    exact, rest = divmod((whole * 100 + hundredths) * unit[1], 100)
    with said_in(unit[0]):
        try:
            minutes = parse_minutes(f"{whole},{hundredths:02}")
        except NotMinutes:
            assert rest or not exact
        else:
            assert type(minutes) is int
            assert (minutes, 0) == (exact, rest)


UNCLEAR = "Write the time in hours and minutes, such as 1 h 30 min or 45 min."
NEAR_NONE = "We count whole minutes. The nearest are 1 min and 2 min."
TOO_MUCH = "That is more time than anyone has."
ABOVE_ZERO = "The time must be more than zero."
DIGITS = "Please write numbers with the digits 0 to 9."
THOUSANDS = "Please write large numbers without a mark for thousands."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Write how much time, such as 1 h 30 min."),
        (" \u2009 ", "Write how much time, such as 1 h 30 min."),
        ("0", ABOVE_ZERO),
        ("0 min", ABOVE_ZERO),
        ("0:00", ABOVE_ZERO),
        ("0,0 h", ABOVE_ZERO),
        ("-5", ABOVE_ZERO),
        ("−1 h", ABOVE_ZERO),
        ("-5 min", ABOVE_ZERO),
        ("2", "2 h or 2 min?"),
        ("14", "14 h or 14 min?"),
        ("2.0", "2.0 h or 2.0 min?"),
        ("1,5", "1,5 h?"),
        ("0.25", "0.25 h?"),
        ("1.5 min", "We count whole minutes. The nearest are 1 min and 2 min."),
        ("0.5 min", NEAR_NONE),
        ("0,01 h", NEAR_NONE),
        ("0,001 d", NEAR_NONE),
        ("1.51", NEAR_NONE),
        ("0,001", NEAR_NONE),
        ("1,33 h", "We count whole minutes. The nearest are 1 h 19 min and 1 h 20 min."),
        ("1 h 30.5 min", "We count whole minutes. The nearest are 1 h 30 min and 1 h 31 min."),
        ("1 d 0.01 h", "We count whole minutes. The nearest are 8 h and 8 h 1 min."),
        ("abc", UNCLEAR),
        ("1e3", UNCLEAR),
        ("1e3 min", UNCLEAR),
        ("NaN", UNCLEAR),
        ("inf", UNCLEAR),
        ("Infinity", UNCLEAR),
        ("True", UNCLEAR),
        ("1 h 2 h", UNCLEAR),
        ("30 min 1 h", UNCLEAR),
        ("1,5 h 30 min", UNCLEAR),
        ("1 000 min", UNCLEAR),
        ("1.000.000 min", UNCLEAR),
        ("1:5", UNCLEAR),
        ("1:30:00", UNCLEAR),
        ("+30", UNCLEAR),
        ("0x1F", UNCLEAR),
        ("30\x00", UNCLEAR),
        ("1-2 h", UNCLEAR),
        (". h", UNCLEAR),
        ("1. h", UNCLEAR),
        ("h", UNCLEAR),
        ("e 30", UNCLEAR),
        ("1 h e", UNCLEAR),
        ("1_000", UNCLEAR),
        ("uma", UNCLEAR),
        ("e meia", UNCLEAR),
        ("1 e meia", UNCLEAR),
        ("1 dia e meia", UNCLEAR),
        ("1 hora e meio", UNCLEAR),
        ("1,5 dia e meio", UNCLEAR),
        ("1 d 2 d e meio", UNCLEAR),
        ("1,5 h e meia", UNCLEAR),
        ("1 h 30 min e meia", UNCLEAR),
        ("half", UNCLEAR),
        ("1:75", "Beside hours, minutes go up to 59."),
        ("1h90", "Beside hours, minutes go up to 59."),
        ("1.000 min", THOUSANDS),
        ("1,500 min", THOUSANDS),
        ("2.000 h", THOUSANDS),
        ("\uff10\uff16\uff10", DIGITS),
        ("\u0669\u0660", DIGITS),
        ("½ h", DIGITS),
        ("1" + "0" * 400, TOO_MUCH),
        ("9" * 5000, TOO_MUCH),
        ("9" * 30 + " h", TOO_MUCH),
        ("1" + "0" * 400 + " h", TOO_MUCH),
        ("9" * 58 + " hours", TOO_MUCH),
        ("9" * 5000 + "min", TOO_MUCH),
        ("9" * 58 + ",5 h", TOO_MUCH),
        ("9" * 60 + " bananas", UNCLEAR),
        (str(2**63), TOO_MUCH),
        ("a" * 100_000, UNCLEAR),
        ("1 h" * 100_000, UNCLEAR),
    ],
)
def test_what_is_no_amount_of_time_is_refused_in_plain_words(text, sentence):
    with pytest.raises(NotMinutes) as refused:
        parse_minutes(text)
    assert str(refused.value) == sentence


def test_a_refusal_is_a_value_error_with_a_code():
    with pytest.raises(ValueError, match="2 h or 2 min") as refused:
        parse_minutes("2")
    assert refused.value.code == "which_unit"


@pytest.mark.parametrize(("number", "texts"), [("2", ["2 h", "2 min"]), ("1,5", ["1,5 h"]), ("x", [])])
def test_a_bare_number_offers_what_it_could_mean(number, texts):
    assert readings(number) == texts


@given(st.integers(1, 999))
def test_and_a_half_is_half_an_hour_more(hours):
    for text in (f"{hours} horas e meia", f"{hours} h and a half"):
        assert parse_minutes(text) == hours * 60 + 30


@given(st.integers(1, MOST_MINUTES - 1))
@example(59)
@example(60)
@example(61)
def test_what_we_write_we_read(minutes):
    assert parse_minutes(in_words(minutes)) == minutes


@given(st.integers(0, 999), st.integers(0, 99))
def test_decimal_hours_are_exact_or_refused(whole, hundredths):
    exact, rest = divmod((whole * 100 + hundredths) * 60, 100)
    try:
        assert (parse_minutes(f"{whole},{hundredths:02} h"), 0) == (exact, rest)
    except NotMinutes:
        assert rest or not exact


TIMEISH = st.text(alphabet="0123456789.,:hmind aeor-−\u2009\uff11", max_size=80)
SAID = st.lists(
    st.sampled_from(
        ["uma", "um", "an", "one", "1", "half", "meia", "hora", "horas", "hour", "h", "e", "and", "a", "30"]
    ),
    max_size=7,
).map(" ".join)


@given(st.one_of(st.text(), TIMEISH, SAID), st.sampled_from([None, "minutes", "hours", "days"]))
@example("²", None)
@example("İ h", None)
@example("1 e 2", "hours")
def test_any_text_is_read_or_refused(text, unit):
    try:
        assert 0 < parse_minutes(text, unit=unit) < MOST_MINUTES
    except NotMinutes as refused:
        assert str(refused)  # noqa: PT017  either outcome is fine, but never a third


@pytest.mark.parametrize(
    "text", ["1" * 1_000_000, "1" * 1_000_000 + "!", "1 h " * 250_000, " " * 1_000_000, "1." * 500_000, "e " * 500_000]
)
def test_long_texts_are_refused(text):
    with pytest.raises(NotMinutes):
        parse_minutes(text)


class SendForm(forms.Form):
    amount_minutes = MinutesField(min_minutes=5, max_minutes=480)
    later_minutes = MinutesField(unit="hours", required=False)


def test_the_field_gives_minutes():
    form = SendForm({"amount_minutes": "1h30", "later_minutes": "2"})
    assert form.is_valid()
    assert form.cleaned_data == {"amount_minutes": 90, "later_minutes": 120}


def test_the_field_may_be_empty_where_it_is_not_required():
    form = SendForm({"amount_minutes": "1 h", "later_minutes": "  "})
    assert form.is_valid()
    assert form.cleaned_data["later_minutes"] is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Write how much time, such as 1 h 30 min."),
        ("2", "2 h or 2 min?"),
        ("4 min", "At least 5 min."),
        ("8 h 1 min", "At most 8 h."),
        ("<b>1 h</b>", UNCLEAR),
    ],
)
def test_the_field_refuses_and_keeps_what_was_typed(text, sentence):
    form = SendForm({"amount_minutes": text})
    assert form.errors["amount_minutes"] == [sentence]
    assert form["amount_minutes"].value() == text


def test_the_field_shows_minutes_in_words():
    form = SendForm(initial={"amount_minutes": 90})
    assert 'value="1 h 30 min"' in str(form["amount_minutes"])


def test_the_field_knows_what_has_changed():
    form = SendForm({"amount_minutes": "90 min"}, initial={"amount_minutes": 90})
    assert form.changed_data == []
