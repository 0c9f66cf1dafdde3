"""The other side of bench/codes.py: the same two calls in a minimal server, as small projects write and run it.

    .venv-bench/bin/python bench/flask_side.py PORT DATABASE

Flask's development server and one SQLite file with SQLite's own settings; no sign-in, no balances, no books.
"""

from __future__ import annotations

import logging
import sqlite3
import sys
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask, g, jsonify, request

app = Flask(__name__)
path = sys.argv[2]

SCHEMA = """
    CREATE TABLE payment (
        id INTEGER PRIMARY KEY, value NUMERIC NOT NULL, paid INTEGER NOT NULL DEFAULT 0,
        bank_payment_id TEXT NOT NULL UNIQUE, qr_code TEXT NOT NULL, expiration_date TEXT NOT NULL
    )"""


def database() -> sqlite3.Connection:
    if "database" not in g:
        g.database = sqlite3.connect(path, timeout=30)
        g.database.row_factory = sqlite3.Row
    return g.database


@app.teardown_appcontext
def close(_error: BaseException | None) -> None:
    if "database" in g:
        g.pop("database").close()


@app.post("/payments/pix")
def create() -> Any:
    data = request.get_json()
    if "value" not in data:
        return jsonify({"message": "Invalid value"}), 400
    txid, expires = str(uuid.uuid4()), datetime.now(UTC) + timedelta(minutes=30)
    row = (data["value"], txid, f"qr_code_payment_{txid}", expires.isoformat())
    made = database().execute(
        "INSERT INTO payment (value, bank_payment_id, qr_code, expiration_date) VALUES (?, ?, ?, ?)", row
    )
    database().commit()
    payment = {
        "id": made.lastrowid,
        "value": row[0],
        "paid": False,
        "bank_payment_id": txid,
        "qr_code": row[2],
        "expiration_date": row[3],
    }
    return jsonify({"message": "The payment has been created", "payment": payment})


@app.post("/payments/pix/confirmation")
def confirm() -> Any:
    data = request.get_json()
    found = database().execute("SELECT * FROM payment WHERE bank_payment_id = ?", (data["bank_payment_id"],)).fetchone()
    if found is None or found["paid"]:
        return jsonify({"message": "Payment not found"}), 404
    if data.get("value") != found["value"]:
        return jsonify({"message": "Invalid payment data"}), 400
    database().execute("UPDATE payment SET paid = 1 WHERE id = ?", (found["id"],))
    database().commit()
    return jsonify({"message": "The payment has been confirmed"})


if __name__ == "__main__":
    with sqlite3.connect(path) as made:
        made.execute(SCHEMA)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app.run(port=int(sys.argv[1]), threaded=True)
