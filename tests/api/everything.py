"""Each call by which a member changes something, and the queries it takes; ids are those of the fixture ``things``."""

from __future__ import annotations

from typing import Any

# Those of a session, of the key and of the savepoints with them.
ACTS: tuple[tuple[str, dict[str, Any], int], ...] = (
    ("transfers/", {"to": "{other}", "amount_minutes": 20}, 18),
    ("transfers/together/", {"to": ["{other}", "{another}"], "amount_minutes": 21}, 23),
    ("donations/", {"amount_minutes": 5}, 15),
    ("payment-requests/", {"amount_minutes": 30}, 16),
    ("payment-requests/together/", {"asked_of": ["{other}", "{another}"], "amount_minutes": 30}, 31),
    ("payment-requests/{code}/pay/", {"amount_minutes": 15}, 18),
    ("listings/", {"kind": "offer", "title": "Sewing", "minutes": 60, "publish": False}, 11),
    ("listings/{mine}/pause/", {}, 13),
    ("listings/{mine}/publish/", {}, 14),
    ("exchanges/", {"listing": "{listing}", "minutes": 45}, 23),
    ("exchanges/{proposed}/accept/", {"version": 1}, 28),
    ("exchanges/{exchange}/messages/", {"text": "Hello"}, 19),
    ("exchanges/{to_confirm}/confirm/", {"minutes": 60}, 30),
    ("exchanges/{to_confirm}/dispute/", {"reason": "time", "statement": "Too long"}, 41),
    ("disputes/{dispute}/statements/", {"text": "It was so."}, 21),
    ("members/{other}/block/", {}, 13),
    ("notifications/read/", {}, 7),
    ("tokens/", {"name": "another"}, 11),
    ("tokens/{token}/end/", {}, 9),
    ("members/{other}/unblock/", {}, 8),
    ("me/agreement/", {}, 16),
    ("payment-requests/{paid}/give-back/", {}, 27),
    ("payment-requests/{taken_back}/cancel/", {}, 14),
    ("payment-requests/{taken_back}/renew/", {}, 21),
    ("listings/{to_close}/close/", {}, 13),
    ("exchanges/{to_counter}/counter/", {"version": 1, "minutes": 45}, 20),
    ("exchanges/{to_decline}/decline/", {}, 20),
    ("exchanges/{to_withdraw}/withdraw/", {}, 20),
    ("exchanges/{to_start}/start/", {}, 20),
    ("exchanges/{to_deliver}/deliver/", {"minutes": 30}, 19),
    ("exchanges/{to_cancel}/cancel/", {}, 31),
    ("exchanges/{to_review}/reviews/", {"stars": 5}, 17),
    ("webhooks/{hook}/ping/", {}, 11),
    ("webhooks/{hook}/new-secret/", {}, 8),
    ("webhooks/{hook}/resume/", {}, 11),
    ("webhooks/{hook}/remove/", {}, 10),
    ("webhooks/", {"address": "https://example.org/another"}, 12),
)


# A PATCH takes the savepoint of its operation only.
CHANGES: tuple[tuple[str, dict[str, Any], int], ...] = (
    ("me/profile/", {"about": "I sew"}, 6),
    ("me/preferences/", {"units": "minutes"}, 6),
    ("listings/{mine}/", {"title": "Another"}, 10),
    ("webhooks/{hook}/", {"address": "https://example.org/elsewhere"}, 8),
)


def filled(body: dict[str, Any], ids: dict[str, str]) -> dict[str, Any]:
    """``body`` with the ids in it, those in its lists too."""

    def fill(value: Any) -> Any:
        if isinstance(value, list):
            return [fill(one) for one in value]
        return value.format(**ids) if isinstance(value, str) else value

    return {name: fill(value) for name, value in body.items()}
