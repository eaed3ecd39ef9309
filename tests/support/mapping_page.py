"""The mapping of an import's columns, as a person works with it on the page."""

from streamlit.testing.v1 import AppTest

UNKNOWN = b"wie,wat\r\nnina,boss\r\n"


def asks(tab: AppTest) -> bool:
    """Whether the tab is in the step."""
    return any(button.key == "map_done" for button in tab.button)


def named(tab: AppTest, key: str) -> str:
    """The key of the step's widget of that name."""
    return f"map-{key}-{tab.session_state['mapping'].generation}"


def say(tab: AppTest, column: int, meaning: str) -> AppTest:
    return tab.selectbox(key=named(tab, f"column-{column}")).set_value(meaning).run()


def done(tab: AppTest) -> AppTest:
    tab.button(key="map_done").click().run()
    assert not tab.exception
    return tab


def column(tab: AppTest, name: str) -> list[str]:
    """A column of the preview's grid."""
    return [str(cell) for cell in tab.data_editor[0].value[name]]


def text_of(tab: AppTest) -> str:
    """Everything that is written on the page."""
    written = [tab.markdown, tab.caption, tab.warning, tab.error, tab.radio, tab.selectbox, tab.multiselect]
    tables = [table.value.to_string() for table in [*tab.table, *tab.dataframe]]
    captions = [caption for radio in tab.radio for caption in radio.proto.captions]
    options = [option for select in tab.selectbox for option in select.options]
    return "\n".join([str(getattr(e, "value", "")) for all_ in written for e in all_] + tables + captions + options)
