"""The standard texts to owners of mailboxes, in each language."""

from collections.abc import Mapping

from mxlib.core.handover.texts import Text, TextKind

_LETTERS = {
    "en": "Dear {name},\n\nyour mailbox {address} is ready. This letter has everything that you need to use it. "
    "Please keep it in a safe place.\n\n{agency}",
    "nl": "Beste {name},\n\nUw mailbox {address} staat klaar. In deze brief vindt u alles wat u nodig hebt om uw mail "
    "te gebruiken. Bewaar de brief op een veilige plek.\n\n{agency}",
    "de": "Guten Tag {name},\n\nIhr Postfach {address} ist eingerichtet. Dieser Brief enthält alles, was Sie für Ihre "
    "E-Mails brauchen. Bitte bewahren Sie ihn sicher auf.\n\n{agency}",
    "fr": "Bonjour {name},\n\nVotre boîte mail {address} est prête. Cette lettre contient tout ce qu'il faut pour "
    "l'utiliser. Merci de la conserver en lieu sûr.\n\n{agency}",
    "es": "Hola {name}:\n\nSu buzón {address} ya está listo. En esta carta encontrará todo lo que necesita para "
    "usarlo. Guárdela en un lugar seguro.\n\n{agency}",
}

_MESSAGES = {
    "en": "Hello {name},\n\nhere are the details of your mailbox.\n\nEmail address: {address}\nPassword: {password}"
    "\n\nFor a mail app:\nUser name: {address}\nServer: {server}\n{ports}\n\nOutgoing mail needs the same user name "
    "and password. Choose IMAP unless you have a reason for POP3.\n\nHelp: {help}\n{agency}",
    "nl": "Hallo {name},\n\nHier zijn de gegevens van uw mailbox.\n\nE-mailadres: {address}\nWachtwoord: {password}"
    "\n\nVoor een mailprogramma:\nGebruikersnaam: {address}\nServer: {server}\n{ports}\n\nUitgaande mail heeft "
    "dezelfde gebruikersnaam en hetzelfde wachtwoord nodig. Kies IMAP, tenzij u een reden hebt voor POP3."
    "\n\nHulp: {help}\n{agency}",
    "de": "Guten Tag {name},\n\nhier sind die Zugangsdaten Ihres Postfachs.\n\nE-Mail-Adresse: {address}\n"
    "Passwort: {password}\n\nFür ein Mailprogramm:\nBenutzername: {address}\nServer: {server}\n{ports}\n\n"
    "Auch der Postausgang braucht Benutzername und Passwort. Wählen Sie IMAP, wenn nichts für POP3 spricht."
    "\n\nHilfe: {help}\n{agency}",
    "fr": "Bonjour {name},\n\nVoici les informations de votre boîte mail.\n\nAdresse e-mail : {address}\n"
    "Mot de passe : {password}\n\nPour une application de messagerie :\nNom d'utilisateur : {address}\n"
    "Serveur : {server}\n{ports}\n\nLe courrier sortant demande le même nom d'utilisateur et le même mot de passe. "
    "Choisissez IMAP, sauf si vous avez une raison de préférer POP3.\n\nAide : {help}\n{agency}",
    "es": "Hola {name}:\n\nEstos son los datos de su buzón.\n\nDirección de correo: {address}\n"
    "Contraseña: {password}\n\nPara una aplicación de correo:\nNombre de usuario: {address}\nServidor: {server}\n"
    "{ports}\n\nEl correo saliente necesita el mismo nombre de usuario y la misma contraseña. Elija IMAP, salvo que "
    "tenga un motivo para usar POP3.\n\nAyuda: {help}\n{agency}",
}

_MAILS = {
    "en": (
        "Your mailbox {address}",
        "Hello {name},\n\nyour mailbox {address} is ready. You receive its password separately, never by mail.\n\n"
        "For a mail app:\nUser name: {address}\nServer: {server}\n{ports}\n\nHelp: {help}\n{agency}",
    ),
    "nl": (
        "Uw mailbox {address}",
        "Hallo {name},\n\nUw mailbox {address} staat klaar. Het wachtwoord ontvangt u apart, nooit per mail.\n\n"
        "Voor een mailprogramma:\nGebruikersnaam: {address}\nServer: {server}\n{ports}\n\nHulp: {help}\n{agency}",
    ),
    "de": (
        "Ihr Postfach {address}",
        "Guten Tag {name},\n\nIhr Postfach {address} ist eingerichtet. Das Passwort erhalten Sie getrennt, nie per "
        "E-Mail.\n\nFür ein Mailprogramm:\nBenutzername: {address}\nServer: {server}\n{ports}\n\n"
        "Hilfe: {help}\n{agency}",
    ),
    "fr": (
        "Votre boîte mail {address}",
        "Bonjour {name},\n\nVotre boîte mail {address} est prête. Vous recevrez le mot de passe séparément, jamais "
        "par e-mail.\n\nPour une application de messagerie :\nNom d'utilisateur : {address}\nServeur : {server}\n"
        "{ports}\n\nAide : {help}\n{agency}",
    ),
    "es": (
        "Su buzón {address}",
        "Hola {name}:\n\nSu buzón {address} ya está listo. Recibirá la contraseña por separado, nunca por correo.\n\n"
        "Para una aplicación de correo:\nNombre de usuario: {address}\nServidor: {server}\n{ports}\n\n"
        "Ayuda: {help}\n{agency}",
    ),
}

#: The text of each kind in each language, where nobody wrote another one.
STANDARD: Mapping[tuple[TextKind, str], Text] = {
    **{(TextKind.LETTER, language): Text(body) for language, body in _LETTERS.items()},
    **{(TextKind.MESSAGE, language): Text(body) for language, body in _MESSAGES.items()},
    **{(TextKind.MAIL, language): Text(body, subject) for language, (subject, body) in _MAILS.items()},
}
