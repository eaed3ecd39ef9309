"""The mail on the 1st: the month's table is there, with a link to it, to whom the setting names."""

import logging

from mxlib.clock import Clock
from mxlib.core.background_tasks import TaskCode, TaskResult
from mxlib.core.mail_contents import MonthReady
from mxlib.core.mails import MailCause
from mxlib.core.months import Month
from mxlib.mail.message import InvalidRecipient, Recipient
from mxlib.services.outbox import OutboxService, QueuedMail
from mxlib.services.usage_exports import report
from mxlib.settings import Settings
from mxlib.store import Store, Tx, audit, outbox, usage_history

log = logging.getLogger(__name__)

#: From this hour of the host's day on, so that the last lists of the month have been read.
_FROM_HOUR = 6

#: Days of a month after which the month before is not mailed any more.
_LATE_DAYS = 7


class MonthMails:
    """Queues the mail of each month once."""

    def __init__(self, settings: Settings, store: Store, outbox: OutboxService, clock: Clock, port: int) -> None:
        self._settings, self._store, self._outbox, self._clock = settings, store, outbox, clock
        self._address = settings.public_url.rstrip("/") or f"http://127.0.0.1:{port}"

    def work(self) -> TaskResult:
        """Queue the mails about the last month, if they are due and were not queued."""
        now = self._clock.now()
        local, month = self._store.days.local(now), Month.of_day(self._store.days.day(now)).before
        recipients = self._settings.month_report_recipients
        is_time = local.day <= _LATE_DAYS and (local.day > 1 or local.hour >= _FROM_HOUR)
        if not recipients:
            return TaskResult(TaskCode.NOT_SET, {"setting": "MXM_MONTH_REPORT_TO"})
        if not is_time or not self._outbox.is_set:
            return TaskResult(TaskCode.NOTHING_DUE)
        with self._store.read() as tx:
            if outbox.has(tx, MailCause.MONTH, str(month)):
                return TaskResult(TaskCode.NOTHING_DUE)
            found = report(tx, month, usage_history.domains_of(tx, month.first, month.last))
        if not found:
            return TaskResult(TaskCode.NOTHING_DUE)
        content = MonthReady(
            month=month.label,
            url=f"{self._address}/?month={month}",
            clients=len(found),
            mailboxes=sum(each.mailboxes for each in found),
            usage=sum(each.usage for each in found),
        )
        with self._store.write() as tx:
            if outbox.has(tx, MailCause.MONTH, str(month)):
                return TaskResult(TaskCode.NOTHING_DUE)
            queued = sum(self._queue(tx, address, content, month) for address in recipients)
        return TaskResult(TaskCode.DONE if queued else TaskCode.FAILED, {"queued": queued})

    def _queue(self, tx: Tx, address: str, content: MonthReady, month: Month) -> bool:
        try:
            self._outbox.queue(tx, QueuedMail(Recipient(address), content, MailCause.MONTH, str(month)), audit.MXM.name)
        except InvalidRecipient:
            log.warning("MXM_MONTH_REPORT_TO has an address that mail cannot go to.")
            return False
        return True
