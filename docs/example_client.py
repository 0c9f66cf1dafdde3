"""Pays a neighbour through the API and waits until the hours have arrived. Nothing but Python is needed.

TIMEBANK=https://hours.example.org TOKEN=tb_… python example_client.py NEIGHBOUR MINUTES
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid

ADDRESS, TOKEN = os.environ["TIMEBANK"], os.environ["TOKEN"]


def call(method, path, body=None, key=None):
    """The answer as JSON; SystemExit with the reason where the call is refused."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    if key:
        headers["Idempotency-Key"] = key
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(f"{ADDRESS}/api/v1/{path}", data, headers, method=method)
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as refused:
        problem = json.load(refused)
        sys.exit(f"{problem['code']}: {problem['detail']}")


def main(neighbour, minutes):
    key = str(uuid.uuid4())  # kept with the payment: sent again after a lost answer, it pays nothing twice
    hold = call("POST", "transfers/", {"to": neighbour, "amount_minutes": int(minutes)}, key)
    while hold["state"] == "held":
        time.sleep(0.2)
        hold = call("GET", f"holds/{hold['id']}/")
    account = call("GET", "account/")
    print(f"{hold['amount_minutes']} min {hold['state']}, {account['available_minutes']} min left")


if __name__ == "__main__":
    main(*sys.argv[1:])
