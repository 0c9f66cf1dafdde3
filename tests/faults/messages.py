"""Messages for a queue, as Celery writes them and as it never would; RabbitMQ and the one process take the same."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Message:
    """What is put into ``queue``; each letter of ``body`` stands for one byte."""

    queue: str
    body: str
    content_type: str = "application/json"
    headers: dict[str, Any] = field(default_factory=dict)
    correlation_id: str = ""


def bell(queue: str, task: str, *args: object) -> Message:
    """A message as Celery writes it."""
    task_id = str(uuid.uuid4())
    headers = {"lang": "py", "task": task, "id": task_id, "root_id": task_id, "argsrepr": "", "retries": 0}
    body = json.dumps([args, {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}])
    return Message(queue, body, headers=headers, correlation_id=task_id)
