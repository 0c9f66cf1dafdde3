"""Work that leaves a request. The database is the truth; the broker is a doorbell.

Two shapes of work, both declared with a decorator and rung through the broker:

``@job(queue)``
    a function of ids, enqueued as a `Job` row in the transaction that causes it. It runs inside
    one transaction that locks the row, works and closes it, so its effects happen once however
    often its message comes. With ``slow=True`` (mail, HTTP) it runs outside of any transaction
    and is closed after: done at least once.

``@standing(queue, due=...)``
    work that its own rows announce (due holds, untold events, unnumbered records) and that needs
    no `Job` row. The message only says "something is due".
"""

from .registry import PlainFailure, enqueue, enqueue_all, job, ring, standing

__all__ = ["PlainFailure", "enqueue", "enqueue_all", "job", "ring", "standing"]
