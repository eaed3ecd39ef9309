"""The column mapping of an import, as a person uses it on the page."""

from streamlit.testing.v1 import AppTest

UNKNOWN = b"wie,wat\r\nnina,boss\r\n"


def asks(tab: AppTest) -> bool:
    """Return whether the tab shows the mapping step."""
    return any(button.key == "map_done" for button in tab.button)


def named(tab: AppTest, key: str) -> str:
    """Return the key of the widget of the step with that name."""
    return f"map-{key}-{tab.session_state['mapping'].generation}"


def say(tab: AppTest, column: int, target: str) -> AppTest:
    """Choose the column of the file for one of ours: `who` for usernames and addresses."""
    return tab.selectbox(key=named(tab, f"target-{target}")).set_value(column).run()


def done(tab: AppTest) -> AppTest:
    tab.button(key="map_done").click().run()
    assert not tab.exception
    return tab


def column(tab: AppTest, name: str) -> list[str]:
    """Return a column of the preview grid."""
    return [str(cell) for cell in tab.data_editor[0].value[name]]


def text_of(tab: AppTest) -> str:
    """Return all text on the page."""
    written = [tab.markdown, tab.caption, tab.warning, tab.error, tab.radio, tab.selectbox, tab.multiselect]
    tables = [table.value.to_string() for table in [*tab.table, *tab.dataframe]]
    captions = [caption for radio in tab.radio for caption in radio.proto.captions]
    options = [option for select in tab.selectbox for option in select.options]
    return "\n".join([str(getattr(e, "value", "")) for all_ in written for e in all_] + tables + captions + options)
