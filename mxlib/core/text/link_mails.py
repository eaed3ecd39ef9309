"""Words of mails to people: with links, and about their password. In five languages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from mxlib.core.handover import texts
from mxlib.core.handover.texts import Placeholder, Text
from mxlib.core.links import LinkPurpose
from mxlib.core.mail_contents import LinkMail, MailboxReady, MailedLink, PasswordChanged
from mxlib.core.mails import MailText
from mxlib.core.text import reset_mails

_MONTHS: Mapping[str, tuple[str, ...]] = {
    "en": (
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ),
    "nl": (
        "januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober", "november",
        "december",
    ),
    "de": (
        "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November",
        "Dezember",
    ),
    "fr": (
        "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
        "décembre",
    ),
    "es": (
        "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre",
        "diciembre",
    ),
}  # fmt: skip

#: Day, month and year, then the time.
_MOMENTS: Mapping[str, str] = {
    "en": "{day} {month} {year}, {time}",
    "nl": "{day} {month} {year}, {time}",
    "de": "{day}. {month} {year}, {time}",
    "fr": "{day} {month} {year}, {time}",
    "es": "{day} de {month} de {year}, {time}",
}


@dataclass(frozen=True, slots=True)
class _Words:
    """The fixed words in one language; those with braces are filled."""

    footer: str
    reminder: str
    not_before: str
    code: str
    #: A mail with the links of several people.
    several_subject: str
    several_first: str
    several_last: str
    #: A mail that asks for a recovery email, and one that confirms it.
    ask_subject: str
    ask: str
    confirm_subject: str
    confirm: str
    changed_subject: str
    changed: str
    help: str


_WORDS: Mapping[str, _Words] = {
    "en": _Words(
        footer="This mail was sent automatically. Answers to it are not read.",
        reminder="Reminder: {subject}",
        not_before="The link works from {from_} on.",
        code="If you call for help, say this code to show that you received this mail: {code}",
        several_subject="Links to set the passwords of {count} mailboxes",
        several_first="Hello,\n\nHere are the links to set the passwords of {count} mailboxes. Pass each link on to "
        "the person whose mailbox it is: who has a link can set its password.",
        several_last="The links work until {expires}. Once a password is set, its link ends.",
        ask_subject="A recovery email for {address}",
        ask="Hello {name},\n\nYour mailbox {address} has no recovery email yet. With one you can set a new password "
        "yourself when you have forgotten yours. Enter an address on this page:\n\n{link}\n\n"
        "The link works until {expires}.\n\nHelp: {help}\n{agency}",
        confirm_subject="Confirm the recovery email of {address}",
        confirm="Hello,\n\nThis address was given as the recovery email of {address}. Confirm it on this page:\n\n"
        "{link}\n\nThe link works until {expires}. If you do not know this mailbox, do nothing."
        "\n\nHelp: {help}\n{agency}",
        changed_subject="The password of {address} was changed",
        changed="Hello {name},\n\nThe password of {address} was changed on {at}, by a link that was sent to this "
        "address. If that was you, there is nothing to do. If it was not, ask for help at once."
        "\n\nHelp: {help}\n{agency}",
        help="Help: {help}",
    ),
    "nl": _Words(
        footer="Deze mail is automatisch verzonden. Antwoorden worden niet gelezen.",
        reminder="Herinnering: {subject}",
        not_before="De link werkt vanaf {from_}.",
        code="Als u om hulp belt, noem dan deze code om te laten zien dat u deze mail hebt ontvangen: {code}",
        several_subject="Links om de wachtwoorden van {count} mailboxen in te stellen",
        several_first="Hallo,\n\nHier zijn de links om de wachtwoorden van {count} mailboxen in te stellen. Geef elke "
        "link door aan degene van wie de mailbox is: wie een link heeft, kan het wachtwoord instellen.",
        several_last="De links werken tot {expires}. Als een wachtwoord is ingesteld, vervalt de link.",
        ask_subject="Een herstel-e-mailadres voor {address}",
        ask="Hallo {name},\n\nUw mailbox {address} heeft nog geen herstel-e-mailadres. Daarmee kunt u zelf een nieuw "
        "wachtwoord instellen als u het uwe bent vergeten. Vul op deze pagina een adres in:\n\n{link}\n\n"
        "De link werkt tot {expires}.\n\nHulp: {help}\n{agency}",
        confirm_subject="Bevestig het herstel-e-mailadres van {address}",
        confirm="Hallo,\n\nDit adres is opgegeven als herstel-e-mailadres van {address}. Bevestig het op deze "
        "pagina:\n\n{link}\n\nDe link werkt tot {expires}. Kent u deze mailbox niet, dan hoeft u niets te doen."
        "\n\nHulp: {help}\n{agency}",
        changed_subject="Het wachtwoord van {address} is gewijzigd",
        changed="Hallo {name},\n\nHet wachtwoord van {address} is op {at} gewijzigd met een link die naar dit adres is "
        "gestuurd. Was u dat, dan hoeft u niets te doen. Was u dat niet, vraag dan direct om hulp."
        "\n\nHulp: {help}\n{agency}",
        help="Hulp: {help}",
    ),
    "de": _Words(
        footer="Diese E-Mail wurde automatisch verschickt. Antworten darauf liest niemand.",
        reminder="Erinnerung: {subject}",
        not_before="Der Link gilt ab {from_}.",
        code="Wenn Sie um Hilfe bitten, nennen Sie diesen Code. Er zeigt, dass Sie diese E-Mail bekommen haben: {code}",
        several_subject="Links für die Passwörter von {count} Postfächern",
        several_first="Guten Tag,\n\nhier sind die Links, mit denen die Passwörter von {count} Postfächern festgelegt "
        "werden. Geben Sie jeden Link an die Person weiter, der das Postfach gehört: Wer einen Link hat, kann das "
        "Passwort festlegen.",
        several_last="Die Links gelten bis {expires}. Wenn ein Passwort festgelegt ist, endet sein Link.",
        ask_subject="Eine Wiederherstellungsadresse für {address}",
        ask="Guten Tag {name},\n\nIhr Postfach {address} hat noch keine Wiederherstellungsadresse. Mit ihr können Sie "
        "selbst ein neues Passwort festlegen, wenn Sie Ihres vergessen haben. Geben Sie auf dieser Seite eine an:\n\n"
        "{link}\n\nDer Link gilt bis {expires}.\n\nHilfe: {help}\n{agency}",
        confirm_subject="Bestätigen Sie die Wiederherstellungsadresse von {address}",
        confirm="Guten Tag,\n\ndiese Adresse wurde als Wiederherstellungsadresse von {address} angegeben. Bestätigen "
        "Sie das auf dieser Seite:\n\n{link}\n\nDer Link gilt bis {expires}. Wenn Sie dieses Postfach nicht kennen, "
        "tun Sie nichts.\n\nHilfe: {help}\n{agency}",
        changed_subject="Das Passwort von {address} wurde geändert",
        changed="Guten Tag {name},\n\ndas Passwort von {address} wurde am {at} mit einem Link geändert, der an diese "
        "Adresse ging. Wenn Sie das waren, ist nichts zu tun. Wenn nicht, bitten Sie sofort um Hilfe."
        "\n\nHilfe: {help}\n{agency}",
        help="Hilfe: {help}",
    ),
    "fr": _Words(
        footer="Cet e-mail a été envoyé automatiquement. Les réponses ne sont pas lues.",
        reminder="Rappel : {subject}",
        not_before="Le lien est valable à partir du {from_}.",
        code="Si vous demandez de l'aide, donnez ce code pour montrer que vous avez reçu cet e-mail : {code}",
        several_subject="Liens pour choisir les mots de passe de {count} boîtes mail",
        several_first="Bonjour,\n\nVoici les liens pour choisir les mots de passe de {count} boîtes mail. Transmettez "
        "chaque lien à la personne concernée : qui a le lien peut choisir le mot de passe.",
        several_last="Les liens sont valables jusqu'au {expires}. Une fois le mot de passe choisi, son lien prend fin.",
        ask_subject="Une adresse de récupération pour {address}",
        ask="Bonjour {name},\n\nVotre boîte mail {address} n'a pas encore d'adresse de récupération. Avec elle, vous "
        "pouvez choisir vous-même un nouveau mot de passe si vous avez oublié le vôtre. Indiquez-en une sur cette "
        "page :\n\n{link}\n\nLe lien est valable jusqu'au {expires}.\n\nAide : {help}\n{agency}",
        confirm_subject="Confirmez l'adresse de récupération de {address}",
        confirm="Bonjour,\n\nCette adresse a été indiquée comme adresse de récupération de {address}. Confirmez-la sur "
        "cette page :\n\n{link}\n\nLe lien est valable jusqu'au {expires}. Si vous ne connaissez pas cette boîte mail, "
        "ne faites rien.\n\nAide : {help}\n{agency}",
        changed_subject="Le mot de passe de {address} a été modifié",
        changed="Bonjour {name},\n\nLe mot de passe de {address} a été modifié le {at} avec un lien envoyé à cette "
        "adresse. Si c'était vous, il n'y a rien à faire. Sinon, demandez de l'aide tout de suite."
        "\n\nAide : {help}\n{agency}",
        help="Aide : {help}",
    ),
    "es": _Words(
        footer="Este correo se envió automáticamente. Las respuestas no se leen.",
        reminder="Recordatorio: {subject}",
        not_before="El enlace es válido a partir del {from_}.",
        code="Si pide ayuda, diga este código para mostrar que recibió este correo: {code}",
        several_subject="Enlaces para elegir las contraseñas de {count} buzones",
        several_first="Hola:\n\nEstos son los enlaces para elegir las contraseñas de {count} buzones. Entregue cada "
        "enlace a la persona a la que pertenece el buzón: quien tiene el enlace puede elegir la contraseña.",
        several_last="Los enlaces son válidos hasta el {expires}. Cuando se elige una contraseña, su enlace termina.",
        ask_subject="Un correo de recuperación para {address}",
        ask="Hola {name}:\n\nSu buzón {address} todavía no tiene un correo de recuperación. Con él puede elegir "
        "una nueva contraseña si ha olvidado la suya. Indique uno en esta página:\n\n{link}\n\n"
        "El enlace es válido hasta el {expires}.\n\nAyuda: {help}\n{agency}",
        confirm_subject="Confirme el correo de recuperación de {address}",
        confirm="Hola:\n\nEsta dirección se indicó como correo de recuperación de {address}. Confírmela en esta "
        "página:\n\n{link}\n\nEl enlace es válido hasta el {expires}. Si no conoce este buzón, no haga nada."
        "\n\nAyuda: {help}\n{agency}",
        changed_subject="La contraseña de {address} ha cambiado",
        changed="Hola {name}:\n\nLa contraseña de {address} se cambió el {at} con un enlace enviado a esta dirección. "
        "Si fue usted, no tiene que hacer nada. Si no, pida ayuda enseguida.\n\nAyuda: {help}\n{agency}",
        help="Ayuda: {help}",
    ),
}


def moment(at: float, language: str) -> str:
    """Return a time in a language, such as `11 December 2026, 10:42 CET`."""
    when = datetime.fromtimestamp(at).astimezone()
    parts = {
        "day": str(when.day), "month": _MONTHS[language][when.month - 1], "year": str(when.year),
        "time": f"{when:%H:%M %Z}",
    }  # fmt: skip
    return _MOMENTS[language].format(**parts)


def with_links(mail: LinkMail) -> MailText:
    """Return the words of a mail with one link, or with those of several people."""
    words = _WORDS[mail.stationery.language]
    text = _one(mail, mail.links[0], words) if len(mail.links) == 1 else _several(mail, words)
    subject = words.reminder.format(subject=text.subject) if mail.is_reminder else text.subject
    notes = [words.code.format(code=mail.code)] if mail.code else []
    notes += [reset_mails.new_address(mail.stationery.language)] if mail.is_new_address else []
    return as_mail(mail.stationery.language, Text(text.body, subject), notes, [each.url for each in mail.links])


def mailbox_ready(mail: MailboxReady) -> MailText:
    """Return the words of a mail to the owner of a new mailbox."""
    return as_mail(mail.stationery.language, mail.stationery.filled(mail.name, mail.address))


def password_changed(mail: PasswordChanged) -> MailText:
    """Return the words of a notice that a password was changed."""
    words, head = _WORDS[mail.stationery.language], mail.stationery.letterhead
    at = moment(mail.at, mail.stationery.language)
    body = words.changed.replace("{at}", at)
    text = _filled(words.changed_subject, body, mail.name, mail.address, head.help_address, head.agency)
    return as_mail(mail.stationery.language, text)


def as_mail(language: str, text: Text, notes: list[str] | None = None, links: list[str] | None = None) -> MailText:
    """Return a text as a mail, with the footer of its language."""
    paragraphs = (*text.body.split("\n\n"), *(notes or ()))
    return MailText(text.subject, paragraphs, language, _WORDS[language].footer, tuple(links or ()))


def _one(mail: LinkMail, link: MailedLink, words: _Words) -> Text:
    stationery, head = mail.stationery, mail.stationery.letterhead
    expires = moment(mail.expires_at, stationery.language)
    match mail.purpose:
        case LinkPurpose.INVITE | LinkPurpose.RESET:
            text = stationery.filled(link.name, link.address, link=link.url, expires=expires)
        case LinkPurpose.RECOVERY_EMAIL | LinkPurpose.CONFIRM_RECOVERY:
            asks = mail.purpose is LinkPurpose.RECOVERY_EMAIL
            subject, body = (words.ask_subject, words.ask) if asks else (words.confirm_subject, words.confirm)
            text = _filled(
                subject, body, link.name, link.address, head.help_address, head.agency, link=link.url, expires=expires
            )
    return Text(_from(text.body, mail, words), text.subject)


def _from(body: str, mail: LinkMail, words: _Words) -> str:
    """Return a body that says from when the link works, if that is later."""
    if not mail.valid_from:
        return body
    return f"{body}\n\n{words.not_before.format(from_=moment(mail.valid_from, mail.stationery.language))}"


def _several(mail: LinkMail, words: _Words) -> Text:
    language, head = mail.stationery.language, mail.stationery.letterhead
    count = str(len(mail.links))
    each = [f"{f'{link.name}, ' if link.name else ''}{link.address}\n{link.url}" for link in mail.links]
    last = words.several_last.format(expires=moment(mail.expires_at, language))
    sender = [words.help.format(help=head.help_address)] * bool(head.help_address) + [head.agency] * bool(head.agency)
    body = "\n\n".join([words.several_first.format(count=count), *each, _from(last, mail, words), "\n".join(sender)])
    return Text(body.strip("\n"), words.several_subject.format(count=count))


def _filled(
    subject: str, body: str, name: str, address: str, help_address: str, agency: str, *, link: str = "",
    expires: str = "",
) -> Text:  # fmt: skip
    values = {
        Placeholder.NAME: name, Placeholder.ADDRESS: address, Placeholder.HELP: help_address,
        Placeholder.AGENCY: agency, Placeholder.LINK: link, Placeholder.EXPIRES: expires,
    }  # fmt: skip
    return texts.fill(Text(body, subject), values)
