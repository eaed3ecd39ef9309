"""The standard texts to owners of mailboxes, in each language."""

from collections.abc import Mapping

from mxlib.core.handover.texts import Text, TextKind

_LETTERS = {
    "en": "Dear {name},\n\nYour mailbox {address} is ready. This letter has everything that you need to use it. "
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
    "en": "Hello {name},\n\nHere are the details of your mailbox.\n\nEmail address: {address}\nPassword: {password}"
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
        "Hello {name},\n\nYour mailbox {address} is ready. You receive its password separately, never by mail.\n\n"
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

_LINKS = {
    "en": (
        "Set the password of {address}",
        "Hello {name},\n\nYour mailbox {address} is ready. Choose its password on this page:\n\n{link}\n\n"
        "The link works until {expires}. Once the password is set, the page shows the settings for your mail app.\n\n"
        "Help: {help}\n{agency}",
    ),
    "nl": (
        "Stel het wachtwoord van {address} in",
        "Hallo {name},\n\nUw mailbox {address} staat klaar. Kies het wachtwoord op deze pagina:\n\n{link}\n\n"
        "De link werkt tot {expires}. Als het wachtwoord is ingesteld, toont de pagina de instellingen voor uw "
        "mailprogramma.\n\nHulp: {help}\n{agency}",
    ),
    "de": (
        "Legen Sie das Passwort von {address} fest",
        "Guten Tag {name},\n\nIhr Postfach {address} ist eingerichtet. Wählen Sie das Passwort auf dieser Seite:"
        "\n\n{link}\n\nDer Link gilt bis {expires}. Wenn das Passwort festgelegt ist, zeigt die Seite die "
        "Einstellungen für Ihr Mailprogramm.\n\nHilfe: {help}\n{agency}",
    ),
    "fr": (
        "Choisissez le mot de passe de {address}",
        "Bonjour {name},\n\nVotre boîte mail {address} est prête. Choisissez son mot de passe sur cette page :"
        "\n\n{link}\n\nLe lien est valable jusqu'au {expires}. Une fois le mot de passe choisi, la page affiche "
        "les réglages pour votre application de messagerie.\n\nAide : {help}\n{agency}",
    ),
    "es": (
        "Elija la contraseña de {address}",
        "Hola {name}:\n\nSu buzón {address} ya está listo. Elija la contraseña en esta página:\n\n{link}\n\n"
        "El enlace es válido hasta el {expires}. Cuando haya elegido la contraseña, la página muestra los ajustes "
        "para su aplicación de correo.\n\nAyuda: {help}\n{agency}",
    ),
}

_RESETS = {
    "en": (
        "A new password for {address}",
        "Hello {name},\n\nA new password was requested for {address}. If that was you, set it on this "
        "page:\n\n{link}\n\nThe link works until {expires}. If it was not you, do nothing: the password stays as it "
        "is.\n\nHelp: {help}\n{agency}",
    ),
    "nl": (
        "Een nieuw wachtwoord voor {address}",
        "Hallo {name},\n\nEr is een nieuw wachtwoord aangevraagd voor {address}. Was u dat, stel het dan in op deze "
        "pagina:\n\n{link}\n\nDe link werkt tot {expires}. Was u dat niet, dan hoeft u niets te doen: het wachtwoord "
        "blijft zoals het is.\n\nHulp: {help}\n{agency}",
    ),
    "de": (
        "Ein neues Passwort für {address}",
        "Guten Tag {name},\n\nfür {address} wurde ein neues Passwort angefordert. Wenn Sie das waren, legen Sie es auf "
        "dieser Seite fest:\n\n{link}\n\nDer Link gilt bis {expires}. Wenn Sie es nicht waren, tun Sie nichts: das "
        "Passwort bleibt, wie es ist.\n\nHilfe: {help}\n{agency}",
    ),
    "fr": (
        "Un nouveau mot de passe pour {address}",
        "Bonjour {name},\n\nUn nouveau mot de passe a été demandé pour {address}. Si c'était vous, choisissez-le sur "
        "cette page :\n\n{link}\n\nLe lien est valable jusqu'au {expires}. Si ce n'était pas vous, ne faites rien : le "
        "mot de passe reste le même.\n\nAide : {help}\n{agency}",
    ),
    "es": (
        "Una nueva contraseña para {address}",
        "Hola {name}:\n\nSe ha pedido una nueva contraseña para {address}. Si fue usted, elíjala en esta página:\n\n"
        "{link}\n\nEl enlace es válido hasta el {expires}. Si no fue usted, no haga nada: la contraseña sigue siendo "
        "la misma.\n\nAyuda: {help}\n{agency}",
    ),
}

#: The text of each kind in each language, where nobody wrote another one.
STANDARD: Mapping[tuple[TextKind, str], Text] = {
    **{(TextKind.LETTER, language): Text(body) for language, body in _LETTERS.items()},
    **{(TextKind.MESSAGE, language): Text(body) for language, body in _MESSAGES.items()},
    **{
        (kind, language): Text(body, subject)
        for kind, mails in ((TextKind.MAIL, _MAILS), (TextKind.LINK, _LINKS), (TextKind.RESET, _RESETS))
        for language, (subject, body) in mails.items()
    },
}
