"""Words of notices to former recovery emails, in the languages of clients."""

from collections.abc import Mapping
from dataclasses import dataclass

from mxlib.core.handover import texts
from mxlib.core.handover.stationery import Stationery
from mxlib.core.handover.texts import Placeholder, Text
from mxlib.core.mail_contents import RecoveryEmailChanged, ResetAsked


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of one language. `{address}` is the mailbox, `{help}` whom to tell."""

    #: In a mail with a link: its recovery email is new.
    new_address: str
    changed_subject: str
    changed: str
    asked_subject: str
    asked: str
    unexpected: str
    #: Whom to tell, where no address for help is set.
    nobody: str


_WORDS: Mapping[str, _Words] = {
    "en": _Words(
        new_address="The recovery email of this mailbox was changed within the last 24 hours. The former address got "
        "a mail about this reset, too.",
        changed_subject="The recovery email of {address} was changed",
        changed="The recovery email of the mailbox {address} was changed. Until then, it was the address that this "
        "mail went to.",
        asked_subject="A new password was requested for {address}",
        asked="A link to set a new password of {address} was requested. It went to the recovery email of that mailbox, "
        "which was changed within the last 24 hours. Until then, it was the address that this mail went to.",
        unexpected="If you know of this, there is nothing to do. If you do not, report it at once to {help}.",
        nobody="the people who manage your mailbox",
    ),
    "nl": _Words(
        new_address="Het herstel-e-mailadres van deze mailbox is in de afgelopen 24 uur gewijzigd. Het vorige adres "
        "heeft bericht gekregen dat er een nieuw wachtwoord is aangevraagd.",
        changed_subject="Het herstel-e-mailadres van {address} is gewijzigd",
        changed="Het herstel-e-mailadres van de mailbox {address} is gewijzigd. Tot dan was dat het adres waar deze "
        "mail naartoe ging.",
        asked_subject="Er is een nieuw wachtwoord aangevraagd voor {address}",
        asked="Er is een link aangevraagd om een nieuw wachtwoord voor {address} in te stellen. De link ging naar het "
        "herstel-e-mailadres van die mailbox, dat in de afgelopen 24 uur is gewijzigd. Tot dan was dat het adres waar "
        "deze mail naartoe ging.",
        unexpected="Weet u hiervan, dan hoeft u niets te doen. Weet u hier niets van, meld het dan meteen aan {help}.",
        nobody="de mensen die uw mailbox beheren",
    ),
    "de": _Words(
        new_address="Die Wiederherstellungsadresse dieses Postfachs wurde in den letzten 24 Stunden geändert. Die "
        "frühere Adresse wurde benachrichtigt, dass ein neues Passwort angefordert wurde.",
        changed_subject="Die Wiederherstellungsadresse von {address} wurde geändert",
        changed="Die Wiederherstellungsadresse des Postfachs {address} wurde geändert. Bis dahin war es die Adresse, "
        "an die diese E-Mail ging.",
        asked_subject="Ein neues Passwort für {address} wurde angefordert",
        asked="Für {address} wurde ein Link angefordert, mit dem ein neues Passwort festgelegt werden kann. Er ging an "
        "die Wiederherstellungsadresse dieses Postfachs, die in den letzten 24 Stunden geändert wurde. Bis dahin war "
        "es die Adresse, an die diese E-Mail ging.",
        unexpected="Wenn Sie davon wissen, ist nichts zu tun. Wenn nicht, wenden Sie sich sofort an {help}.",
        nobody="die Menschen, die Ihr Postfach betreuen",
    ),
    "fr": _Words(
        new_address="L'adresse de récupération de cette boîte mail a été modifiée au cours des dernières 24 heures. "
        "L'ancienne adresse a été informée qu'un nouveau mot de passe a été demandé.",
        changed_subject="L'adresse de récupération de {address} a été modifiée",
        changed="L'adresse de récupération de la boîte mail {address} a été modifiée. Jusque-là, c'était l'adresse à "
        "laquelle cet e-mail a été envoyé.",
        asked_subject="Un nouveau mot de passe a été demandé pour {address}",
        asked="Un lien pour choisir un nouveau mot de passe de {address} a été demandé. Il a été envoyé à l'adresse de "
        "récupération de cette boîte mail, modifiée au cours des dernières 24 heures. Jusque-là, c'était l'adresse à "
        "laquelle cet e-mail a été envoyé.",
        unexpected="Si vous êtes au courant, il n'y a rien à faire. Sinon, contactez tout de suite {help}.",
        nobody="les personnes qui s'occupent de votre boîte mail",
    ),
    "es": _Words(
        new_address="El correo de recuperación de este buzón se cambió en las últimas 24 horas. Se avisó a la "
        "dirección anterior de que se pidió una nueva contraseña.",
        changed_subject="El correo de recuperación de {address} ha cambiado",
        changed="El correo de recuperación del buzón {address} ha cambiado. Hasta entonces era la dirección a la "
        "que se envió este correo.",
        asked_subject="Se pidió una nueva contraseña para {address}",
        asked="Se pidió un enlace para elegir una nueva contraseña de {address}. Se envió al correo de "
        "recuperación de ese buzón, que se cambió en las últimas 24 horas. Hasta entonces era la dirección a la que se "
        "envió este correo.",
        unexpected="Si está al tanto, no tiene que hacer nada. Si no, avise enseguida a {help}.",
        nobody="las personas que gestionan su buzón",
    ),
}


def new_address(language: str) -> str:
    """Say in a mail with a link that the recovery email was changed lately."""
    return _WORDS[language].new_address


def changed(mail: RecoveryEmailChanged) -> Text:
    """Return the words of a notice to a former recovery email."""
    words = _WORDS[mail.stationery.language]
    return _text(words.changed_subject, words.changed, mail.address, mail.stationery)


def asked(mail: ResetAsked) -> Text:
    """Return the words of a notice of a reset to a former recovery email."""
    words = _WORDS[mail.stationery.language]
    return _text(words.asked_subject, words.asked, mail.address, mail.stationery)


def _text(subject: str, body: str, address: str, stationery: Stationery) -> Text:
    words, head = _WORDS[stationery.language], stationery.letterhead
    whom = head.help_address or words.nobody
    values = {Placeholder.ADDRESS: address, Placeholder.HELP: whom, Placeholder.AGENCY: head.agency}
    return texts.fill(Text(f"{body}\n\n{words.unexpected}\n\n{Placeholder.AGENCY.written}", subject), values)
