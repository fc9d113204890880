"""The journal of asynchronous callouts: what IMS was told that we have is here until it is delivered.

`entries` is what others know of it. `keeper` puts it together from `claims` (what machines do with entries),
`letters` (what people do), `instances` and `room`, on a `store`, whose outages
`outage` tells. Only this package knows SQLAlchemy.
"""

from gateway.callout.journal.keeper import open_journal
from gateway.callout.journal.outage import Outage
from gateway.callout.journal.store import NoJournalError

__all__ = ["NoJournalError", "Outage", "open_journal"]
