"""The statements of ledger/hot_path.py, by their names, on SQLite and PostgreSQL."""

from __future__ import annotations

# What differs between the engines inside a statement; `{…}` below.
_WORDS = {
    "sqlite": {
        "lock_payee": "",
        "json": "%s",
        "moment": "%s",
        "raw_expiry": "expires_at || ''",  # as it is written; the driver would read it as a date
        # Always the index of one owner's lots, and the pairs first: counted (ANALYZE) when few lots expired or few
        # people had any, the library would rather walk through everybody's.
        "by_lasting": "INDEXED BY lot_open_once_lasting",
        "by_expiring": "INDEXED BY lot_open_once_expiring",
        "join": "CROSS JOIN",
        "among": "IN (SELECT value FROM json_each(%s))",
        "pairs": "(SELECT json_extract(value, '$[0]') AS owner, json_extract(value, '$[1]') AS number"
        " FROM json_each(%s)) AS pairs",
    },
    "postgresql": {
        # Conflicts with closing an account (FOR UPDATE) and with nothing else, posting to it least of all.
        "lock_payee": "FOR KEY SHARE",
        "json": "%s::jsonb",
        "moment": "%s::timestamptz",
        "raw_expiry": "expires_at",
        "by_lasting": "",
        "by_expiring": "",
        "join": "JOIN",
        "among": "= ANY(%s)",
        "pairs": "unnest(%s::bigint[], %s::bigint[]) AS pairs (owner, number)",
    },
}

# What of a hold is posted: all of it, unless it was released in part.
_POSTED_MINUTES = "coalesce(post_minutes, amount_minutes)"
_RESOLVED = (
    f'RETURNING id, public_id, kind, payer_id, payee_id, {_POSTED_MINUTES}, amount_minutes AS held_minutes, "then",'
    " category, reverses_id, actor_id,"
    " (SELECT id FROM ledger_paymentrequest WHERE paid_hold_id = ledger_hold.id)"
)
_MOVED = "ledger_account.id, public_id, kind, owner_id, balance_minutes, last_seq"
_LOT = "id, mint_id, owner_id, amount_minutes, {raw_expiry}"
# Two halves, each with an index of its own.
_LASTING, _EXPIRING = (f"spent_in_id IS NULL AND expires_at IS {word}" for word in ("NULL", "NOT NULL"))

_STATEMENTS = {
    # One conditional UPDATE is lock and test together: nobody can spend the same minutes in between. The floor need not
    # follow: where it is below the credit limit, nothing is available.
    "set_aside": """
        UPDATE ledger_account SET held_minutes = held_minutes + %s
        WHERE id = %s AND state = 'open' AND balance_minutes - held_minutes - %s >= floor_minutes""",
    "write_hold": """
        INSERT INTO ledger_hold (public_id, kind, payer_id, payee_id, amount_minutes, state, actor_id, "key",
            request_hash, "then", due, try_at, tries, created_at, category, reverses_id, expires_at)
        SELECT %s, %s, %s, id, %s, 'held', %s, %s, %s, {json}, %s, %s, 0, %s, %s, %s, %s
        FROM ledger_account WHERE id = %s AND state = 'open' AND (max_balance_minutes IS NULL OR %s) {lock_payee}
        ON CONFLICT (actor_id, "key") DO NOTHING RETURNING id""",
    "find": """
        SELECT hold.id, hold.request_hash, note.text, note.erased_at FROM ledger_hold AS hold
        LEFT JOIN ledger_note AS note ON note.hold_id = hold.id WHERE hold.actor_id = %s AND hold.key = %s""",
    "write_note": "INSERT INTO ledger_note (hold_id, text, salt) VALUES (%s, %s, %s)",
    "write_record": "INSERT INTO ledger_record (kind, body, created_at) VALUES (%s, %s, %s)",
    "due": "SELECT id FROM ledger_hold WHERE due AND state = 'held' AND try_at <= %s ORDER BY try_at, id LIMIT %s",
    "resolve": f"""
        UPDATE ledger_hold SET state = 'posted', resolved_at = %s WHERE id {{among}} AND state = 'held' {_RESOLVED}""",
    "write_transfers": f"""
        INSERT INTO ledger_transfer (public_id, kind, payer_id, payee_id, amount_minutes, hold_id, posted_at, category,
            reverses_id, minutes_expire_at)
        SELECT public_id, kind, payer_id, payee_id, {_POSTED_MINUTES}, id, resolved_at, category, reverses_id,
            CASE kind WHEN 'help' THEN {{moment}} WHEN 'grant' THEN {{moment}} END
        FROM ledger_hold WHERE id {{among}} ORDER BY id RETURNING id, hold_id""",
    # What somebody is paid may be joined with.
    "lots_to_join": f"""
        SELECT {_LOT} FROM {{pairs}} {{join}} ledger_lot {{by_lasting}} ON owner_id = owner AND mint_id = number
        WHERE {_LASTING}
        UNION ALL
        SELECT {_LOT} FROM {{pairs}} {{join}} ledger_lot {{by_expiring}} ON owner_id = owner AND mint_id = number
        WHERE {_EXPIRING}""",
}

_ONLY_SQLITE = {
    # The transaction is alone, so what is due can be found and resolved at once. For a range or limit that is a bare
    # parameter the library would prepare the statement anew with each value.
    "resolve_due": f"""
        UPDATE ledger_hold SET state = 'posted', resolved_at = %s WHERE id IN (
            SELECT id FROM ledger_hold WHERE due AND state = 'held' AND try_at <= (SELECT %s)
            ORDER BY try_at, id LIMIT %s + 0)
        {_RESOLVED}""",
    # In the order they are spent; read until there is enough, for somebody may have thousands.
    "lots_to_spend": f"""
        SELECT * FROM (
            SELECT {_LOT} FROM ledger_lot {{by_expiring}} WHERE {_EXPIRING} AND owner_id = %s
            ORDER BY expires_at, mint_id)
        UNION ALL
        SELECT * FROM (
            SELECT {_LOT} FROM ledger_lot {{by_lasting}} WHERE {_LASTING} AND owner_id = %s ORDER BY mint_id)
        """.format(**_WORDS["sqlite"]),
    # Prepared once and run for each row; as one UPDATE of many it may walk through every account there is.
    "move": f"""
        UPDATE ledger_account SET balance_minutes = balance_minutes + %s, held_minutes = held_minutes - %s,
            last_seq = last_seq + %s,
            floor_minutes = max(floor_minutes, min(-credit_limit_minutes, balance_minutes + %s - held_minutes + %s))
        WHERE id = %s RETURNING {_MOVED}""",
    "write_entries": """
        INSERT INTO ledger_entry (account_id, seq, transfer_id, amount_minutes, balance_after_minutes)
        VALUES (%s, %s, %s, %s, %s)""",
    "write_records": "INSERT INTO ledger_record (kind, body, created_at) VALUES (%s, %s, %s)",
    "write_mints": """
        INSERT INTO ledger_mint (transfer_id, issuer_id, amount_minutes, reason)
        SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
            json_extract(value, '$[3]')
        FROM json_each(%s) ORDER BY json_extract(value, '$[0]') RETURNING transfer_id, id""",
    "spend_lots": "UPDATE ledger_lot SET spent_in_id = %s, how = %s WHERE id = %s AND spent_in_id IS NULL",
    "write_lots": """
        INSERT INTO ledger_lot (mint_id, owner_id, amount_minutes, expires_at, born_in_id, spent_in_id, how)
        VALUES (%s, %s, %s, %s, %s, %s, %s)""",
}

_ONLY_POSTGRESQL = {
    # Of each payer the front ones, until there is enough: each is of a minute or more, so no more lots than minutes.
    "lots_to_spend": f"""
        SELECT {_LOT} FROM (
            SELECT lot.*, number, sum(amount_minutes) OVER (
                PARTITION BY owner_id ORDER BY expires_at NULLS LAST, mint_id ROWS UNBOUNDED PRECEDING
            ) - amount_minutes AS before_it
            FROM {{pairs}}, LATERAL (
                (SELECT * FROM ledger_lot WHERE {_EXPIRING} AND owner_id = owner ORDER BY expires_at, mint_id LIMIT number)
                UNION ALL (SELECT * FROM ledger_lot WHERE {_LASTING} AND owner_id = owner ORDER BY mint_id LIMIT number)
            ) AS lot
        ) AS lot WHERE before_it < number""".format(**_WORDS["postgresql"]),
    "lock_two": "SELECT id FROM ledger_account WHERE id IN (%s, %s) ORDER BY id FOR NO KEY UPDATE",
    "lock_all": "SELECT id FROM ledger_account WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
    "lock_accounts": """
        SELECT id FROM ledger_account WHERE id IN (
            SELECT payer_id FROM ledger_hold WHERE id = ANY(%s) UNION SELECT payee_id FROM ledger_hold WHERE id = ANY(%s)
        ) ORDER BY id FOR NO KEY UPDATE""",
    "move": f"""
        UPDATE ledger_account SET balance_minutes = balance_minutes + moved.minutes,
            held_minutes = held_minutes - moved.freed, last_seq = last_seq + moved.lines,
            floor_minutes = greatest(floor_minutes,
                least(-credit_limit_minutes, balance_minutes + moved.minutes - held_minutes + moved.freed))
        FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[]) AS moved (id, minutes, freed, lines)
        WHERE ledger_account.id = moved.id RETURNING {_MOVED}""",
    "write_entries": """
        INSERT INTO ledger_entry (account_id, seq, transfer_id, amount_minutes, balance_after_minutes)
        SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])""",
    "write_records": """
        INSERT INTO ledger_record (kind, body, created_at)
        SELECT * FROM unnest(%s::text[], %s::text[], %s::timestamptz[])""",
    "write_mints": """
        INSERT INTO ledger_mint (transfer_id, issuer_id, amount_minutes, reason)
        SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[]) AS new (transfer_id) ORDER BY 1
        RETURNING transfer_id, id""",
    "spend_lots": """
        UPDATE ledger_lot SET spent_in_id = now.spent_in_id, how = now.how
        FROM unnest(%s::bigint[], %s::text[], %s::bigint[]) AS now (spent_in_id, how, id)
        WHERE ledger_lot.id = now.id AND ledger_lot.spent_in_id IS NULL""",
    "write_lots": """
        INSERT INTO ledger_lot (mint_id, owner_id, amount_minutes, expires_at, born_in_id, spent_in_id, how)
        SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::timestamptz[], %s::bigint[], %s::bigint[],
            %s::text[])""",
}

_COMMON = {
    vendor: {name: text.format(**words) for name, text in _STATEMENTS.items()} for vendor, words in _WORDS.items()
}
SQL = {
    "sqlite": {name: text.replace("%s", "?") for name, text in (_COMMON["sqlite"] | _ONLY_SQLITE).items()},
    "postgresql": _COMMON["postgresql"] | _ONLY_POSTGRESQL,
}
