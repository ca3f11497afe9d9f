"""Translated templates through postriderctl, beside Python's gettext and Jinja2."""
import gettext
import json
import os
import shutil
import subprocess

import jinja2
import pytest

from test_ctl import run

pytestmark = pytest.mark.skipif(not shutil.which("msgfmt"), reason="msgfmt is missing: install gettext")

# What the catalogues of these languages have; ar, ga and lt have zero or much apart.
PLURALS = {
    "ar": "nplurals=6; plural=n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5;",
    "cs": "nplurals=3; plural=(n==1) ? 0 : (n>=2 && n<=4) ? 1 : 2;",
    "fr": "nplurals=2; plural=(n > 1);",
    "ga": "nplurals=5; plural=n==1 ? 0 : n==2 ? 1 : (n>2 && n<7) ? 2 :(n>6 && n<11) ? 3 : 4;",
    "ja": "nplurals=1; plural=0;",
    "lt": "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && (n%100<10 || n%100>=20) ? 1 : 2);",
    "pl": "nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);",
    "sl": "nplurals=4; plural=(n%100==1 ? 0 : n%100==2 ? 1 : n%100==3 || n%100==4 ? 2 : 3);",
}
TEMPLATE = """{% for n in numbers %}
{% trans n=n %}{{ n }} item{% pluralize %}{{ n }} items{% endtrans %}
{{ npgettext('basket', '%(num)s thing', '%(num)s things', n) % {'num': n} }}
{% endfor %}{% trans name=name %}Hello {{ name }}{% endtrans %} {{ _('May') }} {{ pgettext('verb', 'May') }} {{ _('none') }}
{% trans 'verb' %}May{% endtrans %}"""
CONTEXT = {"numbers": list(range(0, 230)) + [1000, 1001, 10**6 + 2], "name": "<Ą>"}


def po(language, charset="UTF-8", plural=None, **messages):
    """A catalogue's source; each form of a plural names its number."""
    plural = plural or PLURALS[language]
    forms = int(plural.split(";")[0].split("=")[1])

    def many(one, other, text, context=None):
        head = 'msgctxt "%s"\n' % context if context else ""
        return head + 'msgid "%s"\nmsgid_plural "%s"\n' % (one, other) + "".join(
            'msgstr[%d] "%s"\n' % (i, text % i) for i in range(forms)) + "\n"

    text = ('msgid ""\nmsgstr "Content-Type: text/plain; charset=%s\\nPlural-Forms: %s\\n"\n\n' % (charset, plural)
            + many("%(n)s item", "%(n)s items", "%%(n)s form%d " + language)
            + many("%(num)s thing", "%(num)s things", "%%(num)s basket%d", "basket"))
    return text + "".join('%smsgid "%s"\nmsgstr "%s"\n\n' % (
        'msgctxt "verb"\n' if key.startswith("verb_") else "", key.replace("verb_", "").replace("Hello", "Hello %(name)s"),
        value) for key, value in messages.items())


def write(directory, language, source, charset="UTF-8"):
    folder = os.path.join(directory, "locale", language, "LC_MESSAGES")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "messages.mo")
    subprocess.run(["msgfmt", "-o", path, "-"], input=source.encode(charset), check=True)
    return path


@pytest.fixture
def directory(tmp_path):
    (tmp_path / "t.html").write_text(TEMPLATE, encoding="utf-8")
    (tmp_path / "c.json").write_text(json.dumps(CONTEXT), encoding="utf-8")
    return str(tmp_path)


def render(directory, locale, *more):
    return run("render", "t.html", "--template-dir", directory, "--context", directory + "/c.json", "--locale", locale,
               *more)


def jinja(directory, *languages):
    env = jinja2.Environment(extensions=["jinja2.ext.i18n"], autoescape=True, loader=jinja2.FileSystemLoader(directory))
    env.install_gettext_translations(
        gettext.translation("messages", os.path.join(directory, "locale"), languages=languages))
    return env.get_template("t.html").render(CONTEXT)


@pytest.mark.parametrize("language", PLURALS)
def test_plural_forms_contexts_and_placeholders(directory, language):
    write(directory, language, po(language, Hello="%(name)s: Здравствуй & <b>", May="maj", verb_May="smět"))
    result = render(directory, language)
    assert (result.status, result.err) == (0, "")
    assert result.out == jinja(directory, language)


def test_what_a_country_lacks_its_language_has(directory):
    write(directory, "pt", po("fr", Hello="Olá %(name)s", May="maio", verb_May="poder"))
    assert "Olá &lt;Ą&gt; maio poder none" in render(directory, "pt_BR").out
    write(directory, "pt_BR", po("fr", Hello="Oi %(name)s"))
    result = render(directory, "pt_BR")
    assert "Oi &lt;Ą&gt; maio poder none" in result.out
    assert result.out == jinja(directory, "pt_BR", "pt")


@pytest.mark.parametrize("charset", ["ISO-8859-2", "KOI8-R", "UTF-16"])
def test_charsets(directory, charset):
    word = {"ISO-8859-2": "žluťoučký", "KOI8-R": "Привет", "UTF-16": "x"}[charset]
    source = po("cs", charset if charset != "UTF-16" else "ISO-8859-1", Hello=word + " %(name)s")
    path = write(directory, "cs", source, charset if charset != "UTF-16" else "ISO-8859-1")
    if charset == "UTF-16":
        with open(path, "rb") as file:
            data = file.read()
        with open(path, "wb") as file:
            file.write(data.replace(b"ISO-8859-1", b"ISO-88-NIX"))
        result = render(directory, "cs")
        assert result.status == 1 and "charset ISO-88-NIX is not known" in result.err
        return
    result = render(directory, "cs")
    assert word in result.out and result.out == jinja(directory, "cs")


def test_the_other_byte_order(directory):
    path = write(directory, "pl", po("pl", May="maj"))
    native = render(directory, "pl").out
    subprocess.run(["msgfmt", "--endianness=big", "-o", path, "-"], input=po("pl", May="maj").encode(), check=True)
    assert render(directory, "pl").out == native and "maj" in native


def test_a_broken_catalogue_is_named(directory):
    path = write(directory, "pl", po("pl", May="maj"))
    with open(path, "rb") as file:
        whole = file.read()
    faults = set()
    for length in range(0, len(whole), 7):
        with open(path, "wb") as file:
            file.write(whole[:length])
        result = render(directory, "pl")
        assert result.status in (0, 1), (length, result.status)
        if result.status:
            assert result.out == "" and result.err.startswith("locale/pl/LC_MESSAGES/messages.mo: ")
            faults.add(result.err.split(": ")[1].split(" at ")[0].strip())
    assert faults == {"the file is no GNU message catalogue (.mo)", "the catalogue is cut off"}


@pytest.mark.parametrize("plural", ["nplurals=2; plural=n >", "nplurals=x; plural=0", "plural=n!=1", "nplurals=2; plural=m"])
def test_plural_forms_that_are_none(directory, plural):
    path = write(directory, "de", po("de", plural="nplurals=2; plural=" + "0" * 20))
    with open(path, "rb") as file:
        data = file.read()
    wanted = "nplurals=2; plural=" + "0" * 20
    with open(path, "wb") as file:
        file.write(data.replace(wanted.encode(), plural.ljust(len(wanted)).encode()))
    result = render(directory, "de")
    assert result.status == 1 and "Plural-Forms cannot be understood" in result.err


def test_a_locale_that_is_none(directory):
    for locale in ("de", "../de", "", "de/../../x"):
        result = render(directory, locale)
        assert result.status == 1 and result.out == "" and "locale" in result.err


def test_the_configured_locale(directory, tmp_path):
    write(directory, "fr", po("fr", Hello="Salut %(name)s"))
    config = tmp_path / "postrider.yaml"
    config.write_text("relays: {main: {host: smtp.example.com, ehlo: a.example}}\n"
                      "templates: {directory: %s, locale: fr, newline_sequence: crlf, trim_blocks: true}\n" % directory)
    result = run("render", "t.html", "--context", directory + "/c.json", "-c", config)
    assert "Salut &lt;Ą&gt;" in result.out and "0 form0 fr0 basket0\r\n" in result.out, result.err
    write(directory, "de", po("fr", Hello="Hallo %(name)s"))
    assert "Hallo" in run("render", "t.html", "--context", directory + "/c.json", "-c", config, "-l", "de").out
