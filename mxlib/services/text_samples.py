"""Samples of texts as an admin types them, before they are saved: the letter as it prints, the mail as it leaves."""

import hashlib
import secrets
import threading
from collections import OrderedDict
from dataclasses import astuple

from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import Caller, Forbidden
from mxlib.core.handover.letters import Paper
from mxlib.core.handover.texts import Text, TextKind
from mxlib.services.exports import NotFound
from mxlib.services.handover_texts import ONLY_ADMINS, HandoverTexts
from mxlib.services.outbox import OutboxService

#: Typed texts that are kept, for all admins together.
MAX_TYPED = 100

_GONE = "This typed text is no longer kept. Open Texts again, and download the letter from there."


@resolves_callers
class TextSamples:
    """Makes letters and mails for an invented person."""

    def __init__(self, texts: HandoverTexts, outbox: OutboxService) -> None:
        self._texts, self._outbox = texts, outbox
        self._key, self._lock = secrets.token_bytes(32), threading.Lock()
        self._typed: OrderedDict[str, tuple[str, Text]] = OrderedDict()

    def keep(self, caller: Caller, text: Text) -> str:
        """Keep a typed text, so that a link can download its letter; return its id.

        The same text of the same caller has the same id, and only their caller can use it. Raises Forbidden.
        """
        if not caller.admin:
            raise Forbidden(ONLY_ADMINS)
        content = "\0".join((caller.name, *astuple(text))).encode(errors="replace")
        number = hashlib.blake2b(content, key=self._key, digest_size=16).hexdigest()
        with self._lock:
            self._typed[number] = (caller.name, text)
            self._typed.move_to_end(number)
            while len(self._typed) > MAX_TYPED:
                self._typed.popitem(last=False)
        return number

    def letter(self, caller: Caller, client: int, language: str, typed: str = "", paper: Paper = Paper.A4) -> bytes:
        """Return a letter as a PDF, with the text that was kept as `typed`.

        Without `typed`, the saved text is printed. Raises InvalidText, and NotFound for a text that is no longer kept.
        """
        saved = self._texts.get(caller, client, TextKind.LETTER, language).text
        return self._texts.sample_letter(caller, client, language, self._kept(caller, typed) if typed else saved, paper)

    def send_mail(self, caller: Caller, client: int, kind: TextKind, language: str, text: Text, to: str) -> str:
        """Send a text to an address as it would leave; return what happened.

        Raises InvalidText, InvalidRecipient, MailNotSet and NotDelivered.
        """
        return self._outbox.send_sample(caller, to, self._texts.sample_mail(caller, client, kind, language, text))

    def _kept(self, caller: Caller, typed: str) -> Text:
        with self._lock:
            owner, text = self._typed.get(typed, ("", Text("")))
        if owner != caller.name:
            raise NotFound(_GONE)
        return text
