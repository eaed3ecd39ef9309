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
    "Polish in small letters": ("cp1250", "login\nkamiński\nwójcik\nżak\npaweł\nkozieł"),
    "Czech": ("cp1250", "jméno;příjmení\nJiří;Dvořák\nPetr;Němec\nJana;Kučerová\nČeněk;Šťastný\nTomáš;Růžička"),
    "one Czech": ("cp1250", "username,name\nnemec,Jan Němec\n"),
    "Slovak": ("cp1250", "meno\nĽubomír Kováč\nPeter Šťastný\nMária Hruškovičová\nĎuro Tkáč"),
    "Hungarian": ("cp1250", "név\nErdős Pál\nGyőző Tűri\nKovács Jenő"),
    "Romanian": ("cp1250", "nume\nIon Brătianu\nŞtefan Bănică\nGheorghe Pătraşcu"),
    "Croatian": ("cp1250", "ime\nIvan Đurić\nAna Matić\nJosip Šimunić"),
    "Danish": ("cp1252", "navn\nSøren Kjær\nÅse Bjørnsson\nRené Højgård"),
    "Italian": ("cp1252", "nome\nNicolò Lodè\nForlì\nNicolò Corfù\nJosè"),
    "Icelandic": ("cp1252", "nafn\nÞóra Björnsdóttir\nGuðrún Æsa\nÝmir Sævarsson"),
    "Catalan": ("cp1252", "nom\nJúlia Solà\nNúria Ferrès\nRamon Àvila\nJosep Còdol"),
    "Dutch": ("cp1252", "naam\nAndré Daniëls\nZoë Coördinatie\nHélène"),
    "a Spanish question": ("cp1252", "nota\n¿qué?\nBegoña\n50 m³ y 3 km²\n"),
    "Russian": ("cp1251", "Имя\nИванов Пётр\nСидорова Ольга"),
    "Japanese": ("cp932", "氏名\n山田太郎\n鈴木花子\nサトウ"),
    "Japanese with rare characters": ("cp932", "氏名\n齋藤 翔\n邊見 鷹\n渡邉 遙\n高橋 健"),
}
USED = {"cp1252": "windows-1252", "cp1250": "windows-1250", "cp1251": "windows-1251", "cp932": "shift_jis"}


@pytest.mark.parametrize("language", NAMES)
def test_names_are_read_as_they_were_written(language: str) -> None:
    encoding, text = NAMES[language]

    assert decode(text.encode(encoding), "names.csv") == (text, USED[encoding])


def test_a_few_words_decide_a_long_file_in_linear_time() -> None:
    lines = [f"user{number};J\xf6rg" for number in range(3_000)]
    text = "\n".join(["username;name", "nemec;Jan Němec", *lines])
    assert decode(text.encode("cp1250"), "names.csv")[1] == "windows-1250"


def test_names_that_are_the_same_in_both_are_windows_1252() -> None:
    assert decode("name\nJörg\nMüller\nAndré\n".encode("cp1250"), "names.csv")[1] == "windows-1252"
