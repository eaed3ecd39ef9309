"""Texts to owners of mailboxes, for admins: a choice, the text beside its preview, and the letterhead."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from mxlib import services
from mxlib.core.addresses import MAX_EMAIL_LENGTH
from mxlib.core.clients import LANGUAGES
from mxlib.core.handover import texts
from mxlib.core.handover.help_addresses import MAX_HELP
from mxlib.core.handover.logos import MAX_LOGO
from mxlib.core.handover.stationery import Letterhead
from mxlib.core.handover.texts import MAX_SUBJECT, RULES, Part, Text, TextFinding, TextKind
from mxlib.core.text import handover_texts as sentences
from mxlib.core.text import letters as words_of_letters
from mxlib.core.text import mails
from mxlib.services.handover_texts import ALL_CLIENTS, EditedText, StoredLetterhead, TextPreview
from mxlib.ui.app import layout, uploads
from mxlib.ui.widgets import actions, flash, links
from mxlib.ui.widgets.format import escaped, verbatim

#: The texts that were typed and are not saved yet, with those on which they were written, by choice.
_TYPED = "texts-typed"

#: The address of a test mail.
_TO = "text-test-to"

_ALL = "All clients"


@dataclass(frozen=True, slots=True)
class _Choice:
    """The text that is shown."""

    client: int
    kind: TextKind
    language: str

    def key(self, part: str) -> str:
        """Return the key of a field."""
        return f"text-{part}-{self.client}-{self.kind}-{self.language}"


def show() -> None:
    """Show the chosen text, and the letterhead below it."""
    everyone = services.current().clients.list_all(layout.caller())
    names = {ALL_CLIENTS: _ALL} | {client.id: client.details.name for client in everyone}
    spoken = {client.id: client.details.language for client in everyone}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        client = st.selectbox("Client", list(names), key="texts-client", format_func=names.__getitem__, width=260)
        kinds = {label: kind for kind, label in sentences.KIND_LABELS.items()}
        kind = kinds[st.selectbox("Kind", list(kinds), key="texts-kind", width=200)]
        language = st.selectbox(
            "Language", list(LANGUAGES), list(LANGUAGES).index(spoken.get(client, next(iter(LANGUAGES)))),
            key=f"texts-language-{client}", format_func=LANGUAGES.__getitem__, width=160,
        )  # fmt: skip
    choice = _Choice(client, kind, language)
    st.caption(sentences.KIND_USES[kind])
    left, right = st.columns(2, gap="large")
    with left:
        text = _edit(choice)
    with right:
        _preview(choice, text)
    st.divider()
    _letterhead(client, names[client])


def _typed() -> dict[_Choice, tuple[EditedText, Text]]:
    held: dict[_Choice, tuple[EditedText, Text]] = st.session_state.setdefault(_TYPED, {})
    return held


def _edit(choice: _Choice) -> Text:
    """Show the fields of a text and what is wrong; return what they have."""
    service, rules = services.current().handover_texts, RULES[choice.kind]
    if choice not in _typed():
        before = service.get(layout.caller(), choice.client, choice.kind, choice.language)
        _typed()[choice] = (before, before.text)
        for part in Part:
            st.session_state[choice.key(part)] = before.text.of(part)
    before, typed = _typed()[choice]
    for part in Part:  # the fields of another choice are forgotten when they are not drawn
        st.session_state.setdefault(choice.key(part), typed.of(part))
    text = _written(choice)
    _typed()[choice] = (before, text)
    found = _findings(choice, text)
    if rules.has_subject:
        st.text_input(sentences.PART_LABELS[Part.SUBJECT], key=choice.key(Part.SUBJECT), max_chars=MAX_SUBJECT)
        _show(found, Part.SUBJECT)
    st.text_area(sentences.PART_LABELS[Part.BODY], key=choice.key(Part.BODY), max_chars=rules.max_length, height=330)
    _show(found, Part.BODY)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Save", type="primary", icon=":material/check:", key="save-text", on_click=actions.act(_save, choice))
        if before.is_own:
            st.button(
                "Back to the standard text" if choice.client == ALL_CLIENTS else "Back to the text of all clients",
                icon=":material/restart_alt:", key="reset-text", on_click=actions.act(_reset, choice),
            )  # fmt: skip
        st.caption(_state(before, texts.normalized(text)))
    with st.expander("Placeholders", icon=":material/data_object:", expanded=True):
        labels = {each.written: sentences.PLACEHOLDER_LABELS[each] for each in rules.placeholders}
        if rules.has_own_columns:
            labels[sentences.OWN_COLUMN] = sentences.OWN_COLUMN_LABEL
        st.markdown("\n".join(f"- {verbatim(written)} {label}" for written, label in labels.items()))
        st.caption("Each is replaced for each person. A line that has only blank ones is left out.")
    return text


def _findings(choice: _Choice, text: Text) -> tuple[TextFinding, ...]:
    service = services.current().handover_texts
    return service.check(layout.caller(), choice.client, choice.kind, texts.normalized(text))


def _show(found: Sequence[TextFinding], part: Part) -> None:
    """Show what is wrong with a part, below its field."""
    for finding in found:
        if finding.part is part:
            st.error(escaped(sentences.sentence(finding)), icon=":material/error:")


def _state(before: EditedText, text: Text) -> str:
    if text != before.text:
        return "Not saved yet."
    if not before.who:
        return "The standard text."
    return escaped(f"Saved by {before.who}." if before.is_own else f"The text of all clients, by {before.who}.")


def _written(choice: _Choice) -> Text:
    body, subject = (str(st.session_state.get(choice.key(part)) or "") for part in (Part.BODY, Part.SUBJECT))
    return Text(body, subject)


def _save(choice: _Choice) -> None:
    text, service = _written(choice), services.current().handover_texts
    if _findings(choice, text):  # each is shown below its field
        return
    before, _ = _typed()[choice]
    service.save(layout.caller(), choice.client, choice.kind, choice.language, text, before=before)
    _typed().pop(choice)
    flash.set_next("Text saved. It takes effect at once.")


def _reset(choice: _Choice) -> None:
    services.current().handover_texts.reset(layout.caller(), choice.client, choice.kind, choice.language)
    _typed().pop(choice, None)
    flash.set_next("Text reset.")


def _preview(choice: _Choice, text: Text) -> None:
    service, caller = services.current().handover_texts, layout.caller()
    shown = service.preview(caller, choice.client, choice.kind, choice.language, texts.normalized(text))
    st.markdown("**Preview**, for an invented person")
    with st.container(border=True, key="text-preview"):
        if choice.kind is TextKind.LETTER:
            _letter(shown)
        else:
            if shown.text.subject:
                st.markdown(f"**{escaped(shown.text.subject)}**")
            st.text(shown.text.body)
    if shown.left_out:
        st.caption(escaped(sentences.left_out(shown.left_out)))
    if choice.kind is TextKind.LETTER:
        _sample_letter(choice, text)
    elif choice.kind.is_mailed:
        _sample_mail(choice)


def _sample_letter(choice: _Choice, text: Text) -> None:
    """Offer the letter as it prints, made from what is typed."""
    if _findings(choice, text):
        st.caption("A sample letter is there once the text is right.")
        return
    typed = services.current().text_samples.keep(layout.caller(), text)
    address = f"/texts/{choice.client}/{choice.language}/letter.pdf?typed={typed}"
    with st.container(horizontal=True, vertical_alignment="center"):
        links.download("Download a sample letter", address, key="sample-letter")
        st.caption("As a PDF, with the text as it is typed.")


def _sample_mail(choice: _Choice) -> None:
    """Offer to send what is typed as a mail, as it would leave."""
    if not services.current().outbox.is_set:
        st.caption(mails.NOT_SET)
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            "Send this mail as a test to", key=_TO, placeholder="you@agency.example", width=300,
            max_chars=MAX_EMAIL_LENGTH,
        )  # fmt: skip
        st.button("Send", icon=":material/send:", key="text-test", on_click=actions.act(_send_sample, choice))


def _send_sample(choice: _Choice) -> None:
    text = _written(choice)
    if _findings(choice, text):
        return
    to = str(st.session_state.get(_TO, ""))
    send = services.current().text_samples.send_mail
    flash.set_next(send(layout.caller(), choice.client, choice.kind, choice.language, text, to))


def _letter(shown: TextPreview) -> None:
    """Show what a printed letter has, in its order."""
    person, words, head = shown.person, shown.stationery.words, shown.stationery.letterhead
    if head.logo:
        st.image(head.logo, width=200)
    st.header(escaped(words.title), anchor=False)
    st.text(shown.text.body)
    for label, value in ((words.name, person.name), (words.address, person.address)):
        st.caption(escaped(label))
        st.markdown(f"**{escaped(value)}**")
    st.caption(escaped(words.password))
    st.markdown(verbatim(person.password))
    st.caption(escaped(words.look_alikes))
    st.markdown(f"**{escaped(words.settings)}**")
    st.text("\n".join(words_of_letters.settings_lines(words, shown.stationery.server)))
    if head.help_address:
        st.markdown(f"**{escaped(words.help)}** {escaped(head.help_address)}")
        st.caption("On paper with a QR code.")


def _letterhead(client: int, name: str) -> None:
    service, caller = services.current().handover_texts, layout.caller()
    stored = service.letterhead(caller, client)
    general = service.letterhead(caller, ALL_CLIENTS).letterhead if client else Letterhead()
    fields = f"{client}-{stored.changed_at}"
    st.header(escaped(f"Letterhead: {name}"), anchor=False)
    st.caption("A blank field uses that of all clients." if client else "Used where a client has none of its own.")
    left, right = st.columns(2, gap="large")
    with left:
        st.text_input(
            "Agency", stored.letterhead.agency, key=f"agency-{fields}", max_chars=MAX_HELP,
            placeholder=general.agency, help="The name at the end of texts",
        )  # fmt: skip
        st.text_input(
            "Address for help", stored.letterhead.help_address, key=f"help-{fields}", max_chars=MAX_HELP,
            placeholder=general.help_address, help="A page, an email address or a phone number; letters add a QR code",
        )  # fmt: skip
        if not client:
            languages = list(LANGUAGES)
            st.selectbox(
                "Language of domains without a client", languages,
                languages.index(stored.language) if stored.language in languages else 0,
                key=f"language-{fields}", format_func=LANGUAGES.__getitem__,
            )  # fmt: skip
    with right:
        st.file_uploader(
            "Logo of letters", type=["png", "jpg", "jpeg"], key=f"logo-{fields}",
            max_upload_size=MAX_LOGO // 1_000_000, help="PNG or JPEG, up to 1 MB and 2,000 pixels a side",
        )  # fmt: skip
        if stored.letterhead.logo:
            st.image(stored.letterhead.logo, width=200)
            st.checkbox("Remove this logo", key=f"remove-logo-{fields}")
        if client:
            st.checkbox(
                "No logo on letters of this client", stored.letterhead.without_logo, key=f"without-logo-{fields}",
                help="Not even that of all clients",
            )  # fmt: skip
    st.button(
        "Save the letterhead", icon=":material/check:", key="save-letterhead",
        on_click=actions.act(_save_letterhead, client, stored, fields),
    )  # fmt: skip


def _save_letterhead(client: int, before: StoredLetterhead, fields: str) -> None:
    state = st.session_state
    upload = state.get(f"logo-{fields}")
    logo = b"" if state.get(f"remove-logo-{fields}") else before.letterhead.logo
    logo = upload.getvalue() if upload else logo
    without = bool(state.get(f"without-logo-{fields}"))
    head = Letterhead(state[f"agency-{fields}"], state[f"help-{fields}"], logo, without)
    language = state.get(f"language-{fields}", "")
    services.current().handover_texts.save_letterhead(layout.caller(), client, head, before=before, language=language)
    uploads.let_go(upload)
    flash.set_next("Letterhead saved.")
