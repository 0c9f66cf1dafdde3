"""The example in docs/ works: it pays a neighbour on a running site, and is told plainly when it cannot."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.live import BASE_DIR, Server

MAKE_TWO = """
from accounts.operations import make_token
from tests.factories import make_member
ana, bento = make_member(minutes=60), make_member()
print("made:", bento.public_id, make_token(ana, name="example", days=1, may_pay=True)[1])
"""


def run(server: Server, token: str, *args: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "TIMEBANK": server.url, "TOKEN": token}
    command = [sys.executable, str(BASE_DIR / "docs" / "example_client.py"), *args]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


def test_the_example_pays_and_is_refused_in_words() -> None:
    with Server() as server:
        bento, token = server.manage("shell", "-v0", "-c", MAKE_TWO).rpartition("made: ")[2].split()

        assert run(server, token, bento, "45").stdout == "hours-delivered: 45 min, 15 min left\n"
        refused = run(server, token, bento, "20")
        assert refused.returncode == 1
        assert refused.stderr == "not_enough_time: You can send up to 15 min; this needs 20 min.\n"
        assert run(server, "tb_no", bento, "5").stderr.startswith("unknown_token: ")
