"""What is done here, in plain words: one home for the names of the audit trail."""

#: Every doing that the audit trail knows, by subject; a test holds it to the code.
ACTION_LABELS = {
    "mailbox.create": "Created a mailbox",
    "mailbox.update": "Changed a mailbox",
    "mailbox.delete": "Deleted a mailbox",
    "mailbox.not_done": "Asked for, not done",
    "mailbox.password_shown": "Took a password that may be set",
    "mailbox.password_forgotten": "A password was forgotten",
    "recovery.set": "Set a recovery email",
    "export": "Exported mailboxes",
    "results.download": "Took results with passwords",
    "run.start": "Started a run",
    "run.retry": "Started a run of failed rows",
    "run.undo": "Started an undo",
    "run.take_over": "Took a run over",
    "run.pause": "Pressed Pause",
    "run.resume": "Pressed Resume",
    "run.stop": "Pressed Stop",
    "run.paused": "The run paused",
    "run.stopped": "The run stopped",
    "run.finished": "The run finished",
    "run.extend": "Kept passwords longer",
    "run.handed_over": "Handed passwords over",
    "run.passwords_forgotten": "Passwords were forgotten",
    "run.passwords_erased": "Passwords were erased from the files",
    "columns.answer": "Said what columns hold",
    "draft.take_over": "Took a draft over",
    "draft.download": "Took a draft with passwords",
    "draft.discard": "Discarded a draft",
    "sign_in": "Signed in",
    "sign_in.refused": "Sign-in refused",
    "sign_out": "Signed out",
    "sign_out.everywhere": "Signed out everywhere",
    "password.set": "Set a password",
    "user.add": "Added a user",
    "user.change": "Changed a user",
    "user.disable": "Disabled a user",
    "user.enable": "Enabled a user",
    "user.link": "First came from the provider",
    "user.unlink": "Forgot the provider's account",
    "token.create": "Made a token",
    "token.revoke": "Revoked a token",
    "token.hand_over": "Handed a token over",
    "time.confirm": "Confirmed the server's time",
    "audit.download": "Downloaded the audit trail",
}

#: Families of doings that are sought together.
ACTION_FAMILIES = {
    "mailbox": "Mailboxes: anything",
    "run": "Runs: anything",
    "sign_in": "Sign-ins, refused ones too",
    "user": "Users: anything",
    "token": "Tokens: anything",
}


def action_label(what: str) -> str:
    """A doing in plain words; one that is not known reads as it is written."""
    return ACTION_LABELS.get(what) or what.replace(".", ": ").replace("_", " ").capitalize()


def actions_matching(what: str) -> str:
    """A doing or a family of them, as a filter names it."""
    return ACTION_FAMILIES.get(what) or action_label(what)
