"""Pays a neighbour through the API, and listens until the hours have arrived.

pip install websockets
TIMEBANK=https://hours.example.org TOKEN=tb_… python example_client.py NEIGHBOUR MINUTES
"""

import json
import os
import sys
import urllib.error
import urllib.request
import uuid

from websockets.sync.client import connect

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


def listen(since):
    """Everything its member is told after number ``since``, as it happens; for ever."""
    with connect(f"{ADDRESS.replace('http', 'ws', 1)}/ws/live/", proxy=None) as socket:
        socket.send(json.dumps({"token": TOKEN, "since": since}))
        for frame in socket:
            yield json.loads(frame)


def main(neighbour, minutes):
    seen = call("GET", "events/?since=0")["seq"]
    key = str(uuid.uuid4())  # kept with the payment: sent again after a lost answer, it pays nothing twice
    hold = call("POST", "transfers/", {"to": neighbour, "amount_minutes": int(minutes)}, key)
    told = next(frame for frame in listen(seen) if frame.get("transfer") == hold["id"])
    account = call("GET", "account/")
    print(f"{told['type']}: {told['amount_minutes']} min, {account['available_minutes']} min left")


if __name__ == "__main__":
    main(*sys.argv[1:])
