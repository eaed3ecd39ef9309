"""The fixed words of letters and messages, in each language."""

from collections.abc import Mapping
from dataclasses import dataclass

from mxlib.core.client_setup import SECURITY, SERVICES


@dataclass(frozen=True, slots=True)
class LetterWords:
    """The fixed words in one language."""

    title: str = "Your mailbox"
    name: str = "Name"
    address: str = "Email address"
    password: str = "Password"  # noqa: S105 (a label)
    look_alikes: str = "0 is the digit zero, O the letter; 1 is the digit one, l the letter L, I the letter i."
    settings: str = "Settings for a mail app"
    user_name: str = "User name: your whole email address"
    server: str = "Server"
    help: str = "Help"
    settings_page: str = "Set up your mail app"
    separately: str = "you receive it separately"
    imap: str = "Incoming mail (IMAP)"
    smtp: str = "Outgoing mail (SMTP)"
    pop3: str = "Incoming mail in older apps (POP3)"
    port: str = "port"
    #: How an invented person is addressed.
    form_of_address: str = "Ms"
    colon: str = ": "
    #: Of a letter with a link; those with braces are filled.
    link: str = "Set your password"
    link_from: str = "Works from {from_}."
    link_until: str = "Works until {until}, or until the password is set."
    link_care: str = "Keep this letter safe until then: the link is enough to set the password."


ENGLISH = LetterWords()

WORDS: Mapping[str, LetterWords] = {
    "en": ENGLISH,
    "nl": LetterWords(
        title="Uw mailbox",
        name="Naam",
        address="E-mailadres",
        password="Wachtwoord",  # noqa: S106 (a label)
        look_alikes="0 is het cijfer nul, O de letter; 1 is het cijfer één, l de kleine letter L, I de hoofdletter i.",
        settings="Instellingen voor een mailprogramma",
        user_name="Gebruikersnaam: uw volledige e-mailadres",
        server="Server",
        help="Hulp nodig?",
        settings_page="Uw mailprogramma instellen",
        separately="dat ontvangt u apart",
        imap="Inkomende mail (IMAP)",
        smtp="Uitgaande mail (SMTP)",
        pop3="Inkomende mail in oudere programma's (POP3)",
        port="poort",
        link="Stel uw wachtwoord in",
        link_from="Werkt vanaf {from_}.",
        link_until="Werkt tot {until}, of tot het wachtwoord is ingesteld.",
        link_care="Bewaar deze brief tot dan goed: met de link kan het wachtwoord worden ingesteld.",
        form_of_address="mevrouw",
    ),
    "de": LetterWords(
        title="Ihr E-Mail-Postfach",
        name="Name",
        address="E-Mail-Adresse",
        password="Passwort",  # noqa: S106 (a label)
        look_alikes="0 ist die Ziffer Null, O der Buchstabe; 1 ist die Ziffer Eins, l das kleine L, I das große i.",
        settings="Einstellungen für ein Mailprogramm",
        user_name="Benutzername: Ihre vollständige E-Mail-Adresse",
        server="Server",
        help="Hilfe",
        settings_page="Mailprogramm einrichten",
        separately="Sie erhalten es getrennt",
        imap="Posteingang (IMAP)",
        smtp="Postausgang (SMTP)",
        pop3="Posteingang in älteren Programmen (POP3)",
        port="Port",
        link="Legen Sie Ihr Passwort fest",
        link_from="Gilt ab {from_}.",
        link_until="Gilt bis {until} oder bis das Passwort festgelegt ist.",
        link_care="Bewahren Sie den Brief bis dahin sicher auf: Der Link genügt, um das Passwort festzulegen.",
        form_of_address="Frau",
    ),
    "fr": LetterWords(
        title="Votre boîte mail",
        name="Nom",
        address="Adresse e-mail",
        password="Mot de passe",  # noqa: S106 (a label)
        look_alikes="0 est le chiffre zéro, O la lettre ; 1 est le chiffre un, l le L minuscule, I le i majuscule.",
        settings="Réglages pour une application de messagerie",
        user_name="Nom d'utilisateur : votre adresse e-mail complète",
        server="Serveur",
        help="Besoin d'aide ?",
        settings_page="Configurer votre application",
        separately="vous le recevrez séparément",
        imap="Courrier entrant (IMAP)",
        smtp="Courrier sortant (SMTP)",
        pop3="Courrier entrant, anciennes applications (POP3)",
        port="port",
        form_of_address="Madame",
        colon=" : ",
        link="Choisissez votre mot de passe",
        link_from="Valable à partir du {from_}.",
        link_until="Valable jusqu'au {until}, ou jusqu'à ce que le mot de passe soit choisi.",
        link_care="Gardez cette lettre en lieu sûr d'ici là : le lien suffit pour choisir le mot de passe.",
    ),
    "es": LetterWords(
        title="Su buzón de correo",
        name="Nombre",
        address="Dirección de correo",
        password="Contraseña",  # noqa: S106 (a label)
        look_alikes="0 es la cifra cero, O la letra; 1 es la cifra uno, l la letra L minúscula, I la i mayúscula.",
        settings="Ajustes para una aplicación de correo",
        user_name="Nombre de usuario: su dirección de correo completa",
        server="Servidor",
        help="¿Necesita ayuda?",
        settings_page="Configure su aplicación",
        separately="la recibirá por separado",
        imap="Correo entrante (IMAP)",
        smtp="Correo saliente (SMTP)",
        pop3="Correo entrante en aplicaciones antiguas (POP3)",
        port="puerto",
        link="Elija su contraseña",
        link_from="Válido a partir del {from_}.",
        link_until="Válido hasta el {until}, o hasta que se elija la contraseña.",
        link_care="Guarde esta carta en un lugar seguro hasta entonces: el enlace basta para elegir la contraseña.",
        form_of_address="Sra.",
    ),
}


def settings_lines(words: LetterWords, server: str) -> tuple[str, ...]:
    """Return the settings of a mail app, one a line."""
    return (words.user_name, f"{words.server}{words.colon}{server}", *port_lines(words))


def port_lines(words: LetterWords) -> tuple[str, ...]:
    """Return the ports of a mail app, one a line."""
    uses = {"IMAP": words.imap, "SMTP": words.smtp, "POP3": words.pop3}
    return tuple(f"{uses[each.name]}{words.colon}{words.port} {each.port}, {SECURITY}" for each in SERVICES)
