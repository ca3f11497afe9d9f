#!/usr/bin/python3
"""Cases for test_py, expectations made by Python and Jinja2 themselves.

cases.py > cases.jsonl            what `make check` replays
cases.py SEED COUNT | test_py -   a comparison with random arguments
One line a case: {"f": function, "a": arguments as text, "r": result} or "e",
the message of the exception.
"""

import html
import json
import random
import sys

from jinja2 import Environment, filters
from jinja2.utils import url_quote, urlize
from markupsafe import Markup, escape
import textwrap

ENV = Environment()
SEPARATOR = "\x1f"
TEXTS = [
    "", "a", "abc", "ABC", "Hello World", "ΑΣ", "ΑΣΑ ΟΔΟΣ.", "Σ", "aΣ b", "ß", "straße", "İstanbul", "ıi", "ﬁne ﬂow",
    "ŉ", "ǆ ǅ Ǆ", "ΐ", "日本語 テキスト", "été À ñ", "it's 1st-class (foo)", "a\u0345Σ", "ʰa", "\u200b\xa0x\u3000",
    "tab\tx\ty", "line\nbreak\r\nx\x85y\u2028z\x0cq\x1cr", "  both  ", "x,y,,z", "aaaa", "\x7f\x00\x1b\\'\"", "'", '"',
    "\U0001f600 smile", "१२३", "²", "½", "Ⅷ", "_id", "9x", "a-b", "+12", "-7", "--x", "\ud7ff\ue000\uffff",
    "foo-bar -- baz---qux well-known x-ray a-b-c it's-a", "<b>&amp;</b> &lt; &eacute; &notit; &#65; &#x80; &#0; &;",
    "<!-- c --> text <a href='x'>y</a> <unclosed", "see http://example.com/, (www.foo.org) a@b.co mailto:x@y.zz",
]
NUMBERS = [
    0, 1, -1, 2, 3, 7, -7, 10, 255, 1000, 10**6, 2**31, 2**53, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1,
    2**64, 10**18, 10**19, 10**25, -(10**25), 3**200, 12345678901234567890, 10**400,
]
FLOATS = [
    0.0, -0.0, 1.0, -1.0, 0.5, 2.5, 0.1, 0.3, 1 / 3, 2.675, 1e15, 1e16, 1e17, 123456789012345678.0, 1e-4, 1e-5, 5e-324,
    2.2250738585072014e-308, 1.7976931348623157e308, 2.0**-44, 9007199254740993.0, 1e22, 1e23, 3.14159, 99.995, 1234.5,
    float("inf"), float("-inf"), float("nan"), 19.99, 1e100, 0.1 + 0.2,
]
SPECS = [
    "", "5", "<8", ">8", "^8", "=8", "*^9", "0", "05", "+", "-", " ", "+.3", ".2", ".0", ".10", "d", "b", "o", "x", "X",
    "#x", "#X", "#b", "#o", "c", "n", "e", "E", "f", "F", "g", "G", "%", ".1%", ",", "_", ",.2f", "012,", "09,", "08,",
    "_x", "#010_b", "s", "5s", ".2s", "é^7", "z.1f", "zg", "#g", "#.0f", "#", ".3", ".1", "y", "5.", ",s", "_c", ",_",
    "5xx", "+s", " s", "#s", "zs", "=s", "_,", ",,", "é", "\n", "0>10,", "+010.3f", "x=+12", "99999999999999999999d",
]
PERCENTS = [
    "%s", "%5s|", "%-5s|", "%.2s", "%r", "%a", "%c", "%d", "%05d", "%+d", "% d", "%-6d|", "%.4d", "%+.4d", "%x", "%#x",
    "%X", "%#X", "%o", "%#o", "%08x", "%i", "%u", "%e", "%E", "%f", "%F", "%g", "%G", "%.0f", "%#.0f", "%10.3f", "%-10.3f|",
    "%+g", "%010g", "%#g", "%.15g", "%ld", "%y", "%", "%5", "%%", "100%% %s", "%-%", "%é",
]


def lines(pieces):
    return SEPARATOR.join(pieces)


def number_text(s):
    """Python numbers go as text: JSON's own stop at 64 bits."""
    return repr(s)


def fmt(kind):
    return lambda value, spec: format(value, spec)


def percent(form, value):
    return form % (value,)


def slice_of(s, *ends):
    start, stop, step = (None if e == "" else int(e) for e in ends)
    return s[start:stop:step]


def wrapped(s, width, long_words, hyphens):
    return "\n".join(
        textwrap.wrap(
            s, int(width), expand_tabs=False, replace_whitespace=False,
            break_long_words=bool(int(long_words)), break_on_hyphens=bool(int(hyphens)),
        )
    )


def linked(s, limit):
    return urlize(s, int(limit) if limit else None, rel="noopener", extra_schemes=["tel:", "ftp://"])


I, F, T = int, float, str
# name: (types of the arguments, how Python does it)
FUNCTIONS = {
    "upper": ([T], T.upper), "lower": ([T], T.lower), "title": ([T], T.title), "capitalize": ([T], T.capitalize),
    "swapcase": ([T], T.swapcase), "casefold": ([T], T.casefold), "do_title": ([T], filters.do_title),
    "isalpha": ([T], T.isalpha), "isdigit": ([T], T.isdigit), "isdecimal": ([T], T.isdecimal),
    "isnumeric": ([T], T.isnumeric), "isalnum": ([T], T.isalnum), "isspace": ([T], T.isspace),
    "isupper": ([T], T.isupper), "islower": ([T], T.islower), "istitle": ([T], T.istitle),
    "isidentifier": ([T], T.isidentifier), "isprintable": ([T], T.isprintable), "isascii": ([T], T.isascii),
    "repr": ([T], repr), "ascii": ([T], ascii),
    "strip": ([T], T.strip), "lstrip": ([T], T.lstrip), "rstrip": ([T], T.rstrip), "strip_chars": ([T, T], T.strip),
    "split": ([T], lambda s: lines(s.split())), "rsplit": ([T, I], lambda s, n: lines(s.rsplit(None, n))),
    "split_n": ([T, I], lambda s, n: lines(s.split(None, n))),
    "split_by": ([T, T, I], lambda s, by, n: lines(s.split(by or ",", n))),
    "rsplit_by": ([T, T, I], lambda s, by, n: lines(s.rsplit(by or ",", n))),
    "splitlines": ([T], lambda s: lines(s.splitlines())), "splitkeep": ([T], lambda s: lines(s.splitlines(True))),
    "find": ([T, T, I, I], T.find), "rfind": ([T, T, I, I], T.rfind), "count": ([T, T], T.count),
    "replace": ([T, T, T, I], T.replace), "center": ([T, I], T.center), "ljust": ([T, I], T.ljust),
    "rjust": ([T, I], T.rjust), "zfill": ([T, I], T.zfill), "expandtabs": ([T, I], T.expandtabs),
    "slice": ([T, "index", "index", "step"], slice_of),
    "wrap": ([T, "width", "flag", "flag"], wrapped),
    "escape": ([T], lambda s: str(escape(s))), "unescape": ([T], html.unescape),
    "striptags": ([T], lambda s: Markup(s).striptags()),
    "quote": ([T], url_quote), "quote_plus": ([T], lambda s: url_quote(s, for_qs=True)),
    "urlize": ([T, "limit"], linked), "wordcount": ([T], filters.do_wordcount),
    "is_scheme": ([T], lambda s: bool(filters._uri_scheme_re.fullmatch(s))),
    "filesize": ([F, "flag"], lambda d, binary: filters.do_filesizeformat(d, binary == "1")),
    "float_repr": ([F], repr), "parse_float": (["numeral"], lambda s: repr(float(s))),
    "round": ([F, "digits"], lambda d, n: round(d, int(n))),
    "float_div": ([F, F], lambda a, b: a // b), "float_mod": ([F, F], lambda a, b: a % b),
    "float_pow": ([F, "exponent"], lambda a, b: a ** int(b)),
    "add": ([I, I], lambda a, b: a + b), "sub": ([I, I], lambda a, b: a - b), "mul": ([I, I], lambda a, b: a * b),
    "div": ([I, I], lambda a, b: a // b), "mod": ([I, I], lambda a, b: a % b), "truediv": ([I, I], lambda a, b: a / b),
    "pow": ([I, "power"], lambda a, b: a ** int(b)), "compare": ([I, I], lambda a, b: (a > b) - (a < b)),
    "compare_float": ([I, F], lambda a, d: 2 if d != d else (a > d) - (a < d)),
    "int_round": ([I, "digits"], lambda a, n: round(a, int(n))),
    "to_float": ([I], lambda a: repr(float(a))), "from_float": ([F], int), "bits": ([I], I.bit_length),
    "parse_int": (["numeral", "base"], lambda s, b: int(s, int(b))),
    "format_text": ([T, "spec"], format), "format_int": ([I, "spec"], format), "format_float": ([F, "spec"], format),
    "percent_text": (["percent", T], percent), "percent_int": (["percent", I], percent),
    "percent_float": (["percent", F], percent),
}
NUMERALS = [
    "", " ", "0", "12", "-12", "+5", " 5 ", "1_000", "1__0", "_1", "1_", "0x1f", "0X1F", "0b101", "0o17", "0x_1f", "0x",
    "1e3", "1.5", ".5", "5.", "1e", "e5", "inf", "-Infinity", "nan", "NaN", "infinit", "1e400", "-1e-400", "१२३", "٣.٥",
    "12abc", "abc", "z", "007", "000", "9" * 30, "-" + "8" * 40, "0x" + "f" * 20, "1 2", "1\x002", "--1", "1.5.2", "1_0.0_1",
    "0_0", "١_٢", "nan(1)", "0x1p3", "1e1_0", "1_e5", "  \u3000 42 \u2003", "'\n",
]
POOLS = {
    T: TEXTS, I: NUMBERS, F: FLOATS, "spec": SPECS, "percent": PERCENTS, "numeral": NUMERALS, "flag": ["0", "1"],
    "base": ["10", "0", "2", "8", "16", "36", "37", "1", "7"], "digits": [str(n) for n in (-320, -30, -3, -2, -1, 0, 1, 2, 3, 10, 330)],
    "exponent": ["-3", "0", "1", "2", "5", "400"], "power": ["0", "1", "2", "3", "17", "64"],
    "index": ["", "0", "1", "2", "5", "-1", "-3", "100", "-100"], "step": ["", "1", "2", "-1", "-2", "3", "100"],
    "width": ["1", "2", "5", "10", "20", "79", "0", "-1"], "limit": ["", "0", "5", "10", "-3"],
}
SMALL = [0, 1, 2, 3, 5, -1, -2, 9, 40, -100]


def pool(kind, name):
    return SMALL if kind is I and FUNCTIONS[name][0][0] is T else POOLS[kind]


def random_text(rng):
    alphabet = rng.choice(["ab -", "aΣσςß.' ʰ\u0345", "foo-Bar, -\t\n", "<b>&;!-/ax#lt", "".join(TEXTS), "w.exampl:/@()<>,&;comhtps1 "])
    if rng.random() < 0.1:
        return "".join(chr(c) for c in (rng.randrange(0x11000) for _ in range(rng.randrange(8))) if not 0xD800 <= c < 0xE000)
    if rng.random() < 0.2:
        return rng.choice(["http://", "https://", "www.", "a@", "mailto:", "(", "&lt;"]) + "".join(
            rng.choice(["foo", ".", "com", "-", "org", "%", "xn--ab", "@", ":80", "/p?q#", "1.2.3.4", "[::1]", ")", ",", "é", "a1"]) for _ in range(rng.randrange(7))
        )
    return "".join(rng.choice(alphabet) for _ in range(rng.randrange(30)))


def random_value(rng, kind, name):
    if rng.random() < 0.5:
        return rng.choice(pool(kind, name))
    if kind is T:
        return random_text(rng)
    if kind is I and pool(kind, name) is not SMALL:
        return rng.randrange(-(1 << 80), 1 << 80) >> rng.randrange(80)
    if kind is F:
        return rng.choice([rng.uniform(-1000, 1000), rng.randrange(10**9) / 10**rng.randrange(9), rng.gauss(0, 1) * 10.0 ** rng.randrange(-300, 300)])
    if kind == "spec":
        return "".join(
            rng.choice(o)
            for o in (["", "", "*^", "<", ">", "^", "=", "0="], ["", "", "+", "-", " "], ["", "", "z"], ["", "", "#"], ["", "0"],
                      ["", "1", "9", "14"], ["", "", ",", "_"], ["", ".0", ".3", ".12"], list("bcdoxXneEfFgG%s") + [""] * 8)
        )
    if kind == "percent":
        return "".join(
            rng.choice(o)
            for o in (["", "x"], ["%"], ["", "-"], ["", "+"], ["", " "], ["", "#"], ["", "0"], ["", "4", "12"], ["", ".", ".0", ".3", ".12"], list("srcdiouxXeEfFgG"))
        )
    return rng.choice(pool(kind, name))


def case(name, arguments):
    function = FUNCTIONS[name][1]
    shown = [a if isinstance(a, str) else number_text(a) for a in arguments]
    try:
        result = str(function(*arguments))
        return {"f": name, "a": shown, "r": result}
    except MemoryError:
        return None
    except Exception as e:
        if isinstance(e, ValueError) and "too big" in str(e):
            return None
        return {"f": name, "a": shown, "e": str(e)}


def fixed():
    """Every function with every value of its first pool, the rest drawn."""
    rng = random.Random(3)
    for name, (kinds, _) in FUNCTIONS.items():
        for first in pool(kinds[0], name):
            seconds = pool(kinds[1], name) if len(kinds) > 1 else [None]
            for second in rng.sample(seconds, min(len(seconds), 3)):
                rest = [rng.choice(pool(kind, name)) for kind in kinds[2:]]
                yield name, [first] + ([second] if len(kinds) > 1 else []) + rest


def drawn(seed, count):
    rng = random.Random(seed)
    for _ in range(count):
        name = rng.choice(list(FUNCTIONS))
        yield name, [random_value(rng, kind, name) for kind in FUNCTIONS[name][0]]


for name, arguments in drawn(*map(int, sys.argv[1:3])) if len(sys.argv) > 2 else fixed():
    line = case(name, arguments)
    if line is not None:
        print(json.dumps(line))
