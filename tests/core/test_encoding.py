"""Which encoding from before Unicode a file is taken to be in, by its letters alone."""

import pytest

from mxlib.core.files.encoding import decode

NAMES = {
    "French": ("cp1252", "Prénom,Nom\nHélène,Bélanger\nAmélie,Crêpe\nJérôme,Lefèvre\nCédric,Gérard\nRené,Noël"),
    "Portuguese": ("cp1252", "Nome\nJoão Conceição\nÂngela Gonçalves\nSão José\nInês Magalhães\nGastão Simões"),
    "German": ("cp1252", "Name\nJürgen Müller\nJörg Weiß\nSören Größer\nKäthe Österreicher"),
    "Swedish": ("cp1252", "Namn\nBjörn Sjöberg\nÅke Ångström\nHåkan Öberg\nMärta Åberg"),
    "Spanish": ("cp1252", "Nombre\nJosé Núñez\nBegoña Peña\nÍñigo Gómez\nSofía Martínez"),
    "Polish": ("cp1250", "Nazwisko\nŁukasz Wójcik\nMałgorzata Wiśniewska\nŻaneta Zając"),
    "Russian": ("cp1251", "Имя\nИванов Пётр\nСидорова Ольга"),
    "Japanese": ("cp932", "氏名\n山田太郎\n鈴木花子\nサトウ"),
    "Japanese with rare characters": ("cp932", "氏名\n齋藤 翔\n邊見 鷹\n渡邉 遙\n高橋 健"),
}
USED = {"cp1252": "windows-1252", "cp1250": "windows-1250", "cp1251": "windows-1251", "cp932": "shift_jis"}


@pytest.mark.parametrize("language", NAMES)
def test_names_are_read_as_they_were_written(language: str) -> None:
    encoding, text = NAMES[language]

    assert decode(text.encode(encoding), "names.csv") == (text, USED[encoding])
