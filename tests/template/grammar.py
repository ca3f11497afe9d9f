"""Random templates: a tree that follows Jinja2's grammar and can be shrunk.

An expression is mostly of the type that its place wants, so that templates get
far before they fail; now and then it is of any other, so that failing is
compared as well.  What two runs of Jinja2 disagree on (addresses, random) or
what would run for ever is not generated.
"""
import random

WORDS = ["alpha", "Beta", "gamma ray", "it's", "<b>bold</b>", "a & b", "x", "", "ß", "É", "日本", "1", "42",
         "3.5", "foo-bar", "one,two,three", "  pad ", "line\\nbreak", "http://example.com/?a=1&b=2",
         "me@example.com", "%s", "{}", "100%", "\\\"q\\\"", "tab\\tx", "İ", "a.b.c", "Hello, World!"]
SCALARS = {"n": "int", "m": "int", "f": "num", "s": "str", "t": "str", "h": "str", "e": "str",
           "none_": "any", "yes": "bool", "l": "ints", "w": "strs", "mix": "list",
           "d": "dict", "users": "users", "nest": "dict", "empty": "list", "big": "int"}


ALPHABET = ("abcXYZ019 _-.,;:!?'\"<>&/\\%{}[]()+*=~^|@#$\t\néÉßſŒœıİǆΣσςЖж日本ﬁ€😀"
            "\u00a0\u200b\u2028\x7f\x85Ⅷ٣½")


def word(rng):
    """One of WORDS as data, or any letters."""
    if rng.random() < 0.3:
        return "".join(rng.choice(ALPHABET) for _ in range(rng.randint(0, 14)))
    return rng.choice(WORDS).replace("\\n", "\n").replace("\\t", "\t").replace('\\"', '"')


# What may stand anywhere: of every type, and nothing that makes results large.
ODD = ["0", "1", "2", "3", "-1", "7", "20", "true", "false", "none", "missing", "''", "'a'", "'A'", "' '", "'<'", "'ab c'",
       "'name'", "'age'", "'ok'", "'address.city'", "'tags.0'", "'ß'", "'😀'", "'e\\u0301'", "'%s'", "'upper'", "'odd'", "'key'",
       "'floor'", "'value'", "'<b>'|safe", "('%s&'|safe)", "[]", "[1, 'a']", "('b', 2)", "{}", "{'a': 1}", "s", "w", "l", "d", "users",
       "h|safe", "nest.s", "none_", "big", "loop", "'1'", "'x y'", "(1, (2, 3))", "namespace(a=1)", "range(3)"]
FRACTIONS = ["0.0", "2.5", "1e3", "f"]
# Filters with their parameters; of those behind a "!" no fractions are tried,
# where the engine's limits begin.
FILTERS = {
    "abs": (), "attr": ("name",), "batch": ("!linecount", "fill_with"), "capitalize": (), "center": ("width",),
    "default": ("default_value", "boolean"), "dictsort": ("case_sensitive", "by", "reverse"), "escape": (),
    "filesizeformat": ("binary",), "first": (), "float": ("default",), "forceescape": (),
    "groupby": ("attribute", "default", "case_sensitive"), "indent": ("width", "first", "blank"), "int": ("default", "base"),
    "items": (), "join": ("d", "attribute"), "last": (), "length": (), "list": (), "lower": (),
    "max": ("case_sensitive", "attribute"), "min": ("case_sensitive", "attribute"), "pprint": (),
    "replace": ("old", "new", "count"), "reverse": (), "round": ("precision", "method"), "safe": (),
    "slice": ("slices", "fill_with"), "sort": ("reverse", "case_sensitive", "attribute"), "string": (), "striptags": (),
    "sum": ("attribute", "start"), "title": (), "tojson": ("indent",), "trim": ("chars",),
    "truncate": ("length", "killwords", "end", "leeway"), "unique": ("case_sensitive", "attribute"), "upper": (),
    "urlencode": (), "urlize": ("!trim_url_limit", "nofollow", "target", "rel", "extra_schemes"), "wordcount": (),
    "wordwrap": ("!width", "break_long_words", "wrapstring", "break_on_hyphens"), "xmlattr": ("autospace",),
}
# Methods with the least and the most arguments; those that change a value stand in mutate().
METHODS = {
    "capitalize": (0, 0), "casefold": (0, 0), "center": (1, 2), "count": (1, 3), "endswith": (1, 3), "expandtabs": (0, 1),
    "find": (1, 3), "format": (0, 3), "index": (1, 3), "isalnum": (0, 0), "isdecimal": (0, 0), "isidentifier": (0, 0),
    "islower": (0, 0), "isnumeric": (0, 0), "isprintable": (0, 0), "isspace": (0, 0), "join": (1, 1), "ljust": (1, 2),
    "lower": (0, 0), "lstrip": (0, 1), "partition": (1, 1), "removeprefix": (1, 1), "replace": (2, 3), "rfind": (1, 3),
    "rindex": (1, 3), "rjust": (1, 2), "rpartition": (1, 1), "rsplit": (0, 2), "rstrip": (0, 1), "split": (0, 2),
    "splitlines": (0, 1), "startswith": (1, 3), "strip": (0, 1), "swapcase": (0, 0), "title": (0, 0), "upper": (0, 0),
    "zfill": (1, 1), "copy": (0, 0), "get": (1, 2), "items": (0, 0), "keys": (0, 0), "values": (0, 0), "is_integer": (0, 0),
    "bit_length": (0, 0), "conjugate": (0, 0), "as_integer_ratio": (0, 0), "hex": (0, 0),
}
# Attributes of loops, macros, cyclers, joiners and what else there is.
MEMBERS = ["name", "arguments", "catch_kwargs", "catch_varargs", "caller", "index", "length", "first", "last", "depth",
           "previtem", "nextitem", "current", "a", "start", "real", "imag", "nothing", "__class__.__name__", "_undefined_name"]


class Node:
    """Parts of a template's text: strings and nodes.  `kind` says what may
    stand for it: "expr" another expression, "body" fewer statements."""

    def __init__(self, kind, *parts):
        self.kind = kind
        self.parts = list(parts)

    def __str__(self):
        return "".join(map(str, self.parts))

    def walk(self):
        yield self
        for part in self.parts:
            if isinstance(part, Node):
                yield from part.walk()


def context(rng):
    number = lambda: rng.choice([rng.randint(-3, 12), rng.randint(0, 3), 0, 1, 100, 1234567])
    real = lambda: rng.choice([0.5, 2.5, -1.25, 3.0, 0.1, 1e16, 1234.5678, 2.675])
    users = [{"name": word(rng) or "nobody", "age": rng.randint(1, 5), "ok": rng.random() < 0.6,
              "tags": [word(rng) for _ in range(rng.randint(0, 2))], "address": {"city": word(rng)}}
             for _ in range(rng.randint(0, 4))]
    return {
        "n": number(), "m": number(), "f": real(), "s": word(rng), "t": word(rng), "h": "<i>\"it's\" & so</i>",
        "e": "", "none_": None, "yes": rng.random() < 0.5,
        "l": [number() for _ in range(rng.randint(0, 5))], "w": [word(rng) for _ in range(rng.randint(0, 5))],
        "mix": rng.sample([1, "1", 2.5, None, True, [1], {"k": 1}, ""], rng.randint(0, 4)),
        "d": {rng.choice(["a", "B", "c", "x y", "items", "<k>"]): rng.choice([number(), word(rng), None])
              for _ in range(rng.randint(0, 4))},
        "users": users, "nest": {"a": {"b": {"c": number()}}, "l": [[1, 2], [3]], "s": word(rng)},
        "empty": [], "tree": [{"v": word(rng), "c": [{"v": number(), "c": []}, {"v": 2, "c": [{"v": 3, "c": []}]}]},
                               {"v": "z", "c": []}][:rng.randint(0, 2)],
        "big": 123456789012345678901234567890,
    }


class Expressions:
    """Expressions of a wanted type, from the names that are in scope."""

    def __init__(self, rng):
        self.rng = rng
        self.names = dict(SCALARS)

    def pick(self, *alternatives):
        """One of (weight, maker)."""
        weights = [weight for weight, _ in alternatives]
        return self.rng.choices([maker for _, maker in alternatives], weights)[0]()

    def name(self, kind):
        fitting = [name for name, has in self.names.items() if has == kind]
        if not fitting or self.rng.random() < 0.04:
            fitting = [*self.names, "missing"]
        return Node("expr", self.rng.choice(fitting))

    def expr(self, kind="any", depth=3):
        if self.rng.random() < 0.05:
            kind = "any"
        if kind == "any":
            kind = self.rng.choice(["int", "num", "str", "str", "bool", "list", "dict", "ints", "strs", "misc", "odd"])
        if depth <= 0:
            return self.leaf(kind)
        maker = getattr(self, "make_" + kind, None)
        if maker is None or self.rng.random() < 0.15:
            return self.leaf(kind)
        return maker(depth - 1)

    def leaf(self, kind):
        rng = self.rng
        if rng.random() < 0.55 and kind not in ("misc", "odd"):
            return self.name(kind)
        text = {
            "int": lambda: str(rng.choice([0, 1, 2, 3, 7, 10, 42])),
            "num": lambda: rng.choice(["1.5", "2.0", "0.1", "3", "-2.5", "1e3"]),
            "str": lambda: self.quote(rng.choice(WORDS)),
            "bool": lambda: rng.choice(["true", "false", "yes"]),
            "list": lambda: rng.choice(["[]", "[1, 'a', none]", "(1, 2)", "mix"]),
            "ints": lambda: rng.choice(["[3, 1, 2]", "range(4)", "l", "(1, 2)", "[1, 1, 2]"]),
            "strs": lambda: rng.choice(["['b', 'A', 'c']", "w", "'a,b'.split(',')"]),
            "users": lambda: "users",
            "dict": lambda: rng.choice(["{'a': 1, 'B': 'x'}", "d", "dict(q=1)", "{}"]),
            "odd": self.odd,
            "misc": lambda: rng.choice(["none", "missing", "nest.a.b", "users[0]", "d.a", "d['x y']", "w[0]",
                                        "nest.s", "nest.l", "l[99]", "h|safe", "none_"]),
        }[kind]()
        return Node("expr", text)

    def quote(self, word):
        if "'" in word or self.rng.random() < 0.3:
            return '"' + word.replace('"', '\\"').replace('\\\\"', '\\"') + '"'
        return "'" + word + "'"

    def number(self):
        return str(self.rng.choice([0, 1, 2, 3, 5, 8, -1, -2, 12]))

    def slice(self):
        """An item or a slice, which may be empty, backwards or out of range."""
        part = lambda: self.rng.choice(["", "", self.number()])
        if self.rng.random() < 0.3:
            return f"[{self.number()}]"
        step = self.rng.choice(["", "", ":", ":-1", ":2", ":-2"])
        return f"[{part()}:{part()}{step}]"

    def percent(self):
        """A conversion of the % operator for a number."""
        rng = self.rng
        flags = "".join(rng.sample("-+ #0", rng.choice([0, 0, 1, 1, 2])))
        width = rng.choice(["", "", "1", "6", "11"])
        precision = rng.choice(["", "", ".0", ".1", ".3", ".7"])
        return f"'%{flags}{width}{precision}{rng.choice('ddiuxXoeEfFgGsr')}|'"

    def spec(self):
        """A replacement field of str.format() for a number."""
        rng = self.rng
        align = rng.choice(["", "", "<", ">", "^", "=", "*<", "é>", "0^"])
        sign = rng.choice(["", "", "+", "-", " "])
        mark = rng.choice(["", "", "", "#", "0"])
        width = rng.choice(["", "", "3", "9", "14"])
        group = rng.choice(["", "", ",", "_"])
        precision = rng.choice(["", "", ".0", ".2", ".5"])
        kind = rng.choice(["", "d", "f", "e", "g", "%", "x", "b", "n", "s", "G"])
        return f"'{{:{align}{sign}{mark}{width}{group}{precision}{kind}}}|'"

    def wrap(self, *parts):
        return Node("expr", "(", *parts, ")")

    def post(self, base, suffix):
        """What follows an expression; an item or a method of a filtered one
        needs brackets.  None of a number's own: what Jinja2 makes of 1[1:]
        depends on what it finds out when it compiles."""
        if suffix[:1] in (".", "[") and str(base)[:1] in "0123456789":
            base = Node("expr", "n")
        if suffix[:1] in (".", "[") and ("|" in str(base) or str(base)[:1] in "-+0123456789"):
            base = self.wrap(base)
        return Node("expr", base, suffix)

    def make_int(self, depth):
        e = self.expr
        op = lambda: self.rng.choice([" + ", " - ", " * ", "+", " // ", " % "])
        return self.pick(
            (5, lambda: self.wrap(e("int", depth), op(), e("int", depth))),
            (2, lambda: Node("expr", e("str", depth), "|length")),
            (2, lambda: Node("expr", e("list", depth), "|length")),
            (2, lambda: self.post(e("ints", depth), self.rng.choice(["|sum", "|max", "|min", "|first", "|last",
                                                                         "|sort|first", "|length"]))),
            (1, lambda: Node("expr", e("str", depth), "|int", self.rng.choice(["", "(7)", "(base=16)", "(0, 0)"]))),
            (1, lambda: self.post(e("num", depth), self.rng.choice(["|int", "|round|int", "|abs|int"]))),
            (1, lambda: Node("expr", "-", e("int", depth))),
            (1, lambda: Node("expr", e("int", depth), "|abs")),
            (1, lambda: self.post(e("str", depth), self.rng.choice([".count('a')", ".find('b')", "|wordcount",
                                                                       ".rfind('x')"]))),
            (1, lambda: Node("expr", e("users", depth), "|sum(attribute='age')")),
            (1, lambda: self.wrap(e("int", depth), " ** ", self.rng.choice(["2", "3", "0"]))),
            (1, lambda: self.inline_if("int", depth)))

    def make_num(self, depth):
        e = self.expr
        op = lambda: self.rng.choice([" + ", " - ", " * ", " / ", " // ", " % "])
        return self.pick(
            (4, lambda: self.wrap(e("num", depth), op(), e("num", depth))),
            (2, lambda: Node("expr", e("num", depth), "|round", self.rng.choice(
                ["", "(1)", "(2, 'floor')", "(1, 'ceil')", "(-1)", "(precision=2)"]))),
            (1, lambda: Node("expr", e("str", depth), "|float", self.rng.choice(["", "(1.5)"]))),
            (1, lambda: self.wrap(e("int", depth), " / ", e("int", depth))),
            (1, lambda: Node("expr", e("num", depth), "|abs")),
            (1, lambda: e("int", depth)))

    def make_str(self, depth):
        e, rng = self.expr, self.rng
        text_filter = lambda: rng.choice([
            "upper", "lower", "title", "capitalize", "trim", "reverse", "striptags", "e", "safe", "string",
            "truncate(7)", "truncate(5, true)", "truncate(9, false, '~', 0)", "wordwrap(6)", "wordwrap(9, false)",
            "center(12)", "indent(2)", "indent(2, true)", "replace('a', 'o')", "replace('<', '[', 1)",
            "default('dd')", "default('dd', true)", "urlencode", "urlize", "urlize(12)", "forceescape",
            "trim('ab ')", "tojson", "first", "last", "list", "pprint", "string|e", "wordwrap(5, wrapstring='|')",
            "replace('', '.')", "truncate(3, true, '')", "d('z')", "escape"])
        method = lambda: rng.choice([
            "upper()", "lower()", "title()", "capitalize()", "strip()", "swapcase()", "replace('a', 'b')",
            "center(9, '*')", "ljust(8)", "rjust(8, '.')", "zfill(6)", "split()|join('+')", "split(',')[0]",
            "strip('x ')", "lstrip()", "partition(',')[2]", "join(['1', '2'])", "join(w)", "format(1, a=2)",
            "splitlines()|join('/')", "expandtabs(3)", "removeprefix('a')", "casefold()", "title()"])
        return self.pick(
            (6, lambda: Node("expr", e("str", depth), "|", text_filter())),
            (3, lambda: self.post(e("str", depth), "." + method())),
            (3, lambda: self.wrap(e("any", depth), " ~ ", e("any", depth))),
            (2, lambda: self.wrap(e("str", depth), " + ", e("str", depth))),
            (2, lambda: Node("expr", e("strs", depth), "|join", rng.choice(["", "(', ')", "('<br>')", "('<br>'|safe)"]))),
            (1, lambda: Node("expr", e("list", depth), "|join('-')")),
            (1, lambda: Node("expr", e("users", depth), "|map(attribute='", rng.choice(
                ["name", "address.city", "tags.0", "age", "nope"]), "')|join(', ')")),
            (1, lambda: self.wrap(rng.choice(["'%s'", "'%5s|'", "'%-6s|'", "'%r'", "'%.2s'", "('<%s>'|safe)"]),
                                  " % (", e("any", depth), ",)")),
            (1, lambda: self.wrap(rng.choice(["'%d'", "'%05d'", "'%+d'", "'%x'", "'%.2f'", "'%8.3f'", "'%e'", "'%g'"]),
                                  " % ", e("num", depth))),
            (1, lambda: Node("expr", rng.choice(["'%s-%s'", "'<%s %s>'", "('<%s %r>'|safe)"]), "|format(",
                             e("any", depth), ", ", e("str", depth), ")")),
            (1, lambda: Node("expr", rng.choice(["'{} {}'", "'{0}{1}{0}'", "'{:>6}|{}'", "'{!r} {!s}'",
                                                 "('<{}> {}'|safe)"]),
                             ".format(", e("str", depth), ", ", e("any", depth), ")")),
            (1, lambda: Node("expr", rng.choice(["'{:,.2f}'", "'{:08.3f}'", "'{:+}'", "'{:e}'", "'{:.3g}'", "'{:_}'",
                                                 "'{:%}'"]), ".format(", e("num", depth), ")")),
            (2, lambda: self.post(e("str", depth), self.slice())),
            (1, lambda: self.wrap(self.percent(), " % ", e("num", depth))),
            (1, lambda: Node("expr", self.spec(), ".format(", e("num", depth), ")")),
            (2, lambda: Node("expr", e("str", depth), "|", *rng.choice([
                ("replace(", e("str", depth), ", ", e("str", depth), ")"), ("trim(", e("str", depth), ")"),
                ("indent(", e("str", depth), ")"), ("default(", e("any", depth), ", true)"),
                ("truncate(", self.number(), ", ", e("bool", depth), ", ", e("str", 0), ", ", self.number(), ")"),
                ("wordwrap(", rng.choice("3579"), ", ", e("bool", depth), ")"), ("center(", self.number(), ")"),
                ("wordwrap(6, wrapstring=", e("str", 0), ")"), ("urlize(", rng.choice("59"), ", true, target='_t')")]))),
            (1, lambda: Node("expr", e("strs", depth), "|join(", e("str", depth), ")")),
            (1, lambda: self.post(e("str", depth), rng.choice(
                [".split(", ".partition(", ".rpartition(", ".replace('a', ", ".strip(", ".count(", ".find(", ".startswith(",
                 ".rsplit(", ".removesuffix("]) + self.quote(rng.choice(["-", "<", "a", " ", "ß"])) + ")")),
            (1, lambda: Node("expr", e("int", depth), "|filesizeformat")),
            (1, lambda: self.post(e("any", depth), rng.choice(["|string", "|tojson", "|e", "|pprint"]))),
            (1, lambda: self.post(e("dict", depth), rng.choice(["|xmlattr", "|urlencode", "|tojson", "|tojson(2)"]))),
            (1, lambda: self.wrap(e("str", depth), " * ", rng.choice(["2", "0", "3"]))),
            (2, lambda: self.inline_if("str", depth)))

    def make_bool(self, depth):
        e, rng = self.expr, self.rng
        compare = lambda: rng.choice([" == ", " != ", " < ", " > ", " <= ", " >= "])
        test = lambda: rng.choice([
            "defined", "undefined", "none", "string", "number", "iterable", "sequence", "mapping", "escaped", "odd",
            "even", "lower", "upper", "integer", "float", "boolean", "true", "false", "divisibleby 2",
            "divisibleby(3)", "in [1, 2]", "eq 1", "sameas none", "callable", "not none", "not defined", "gt 1"])
        return self.pick(
            (3, lambda: self.wrap(e("int", depth), compare(), e("num", depth))),
            (2, lambda: self.wrap(e("str", depth), compare(), e("str", depth))),
            (2, lambda: self.wrap(e("any", depth), rng.choice([" == ", " != "]), e("any", depth))),
            (3, lambda: self.wrap(e("any", depth), " is ", test())),
            (2, lambda: self.wrap(e("bool", depth), rng.choice([" and ", " or "]), e("any", depth))),
            (2, lambda: self.wrap("not ", e("any", depth))),
            (2, lambda: self.wrap(e("any", depth), rng.choice([" in ", " not in "]), e("list", depth))),
            (1, lambda: self.wrap(e("str", depth), rng.choice([" in ", " not in "]), e("str", depth))),
            (1, lambda: self.wrap("0 < ", e("int", depth), " <= 5")),
            (1, lambda: self.post(e("str", depth), rng.choice([".startswith('a')", ".isdigit()", ".endswith('x')",
                                                                  ".isalpha()", ".isupper()", ".istitle()"]))))

    def make_list(self, depth):
        e = self.expr
        return self.pick(
            (3, lambda: Node("expr", "[", e("any", depth), ", ", e("any", depth), "]")),
            (1, lambda: Node("expr", "(", e("any", depth), ", ", e("any", depth), ")")),
            (2, lambda: e("ints", depth)), (2, lambda: e("strs", depth)),
            (1, lambda: self.post(e("strs", depth), self.rng.choice(["|batch(2)|list", "|slice(2, 'f')|list",
                                                                       "|batch(2, 'f')|list"]))),
            (1, lambda: self.post(e("dict", depth), self.rng.choice(["|dictsort", "|items|list", ".items()|list",
                                                                       ".values()|list", "|list",
                                                                       "|dictsort(by='value')"]))),
            (1, lambda: self.post(e("users", depth), self.rng.choice(
                ["|groupby('age')|map(attribute='grouper')|list", "|selectattr('ok')|map(attribute='name')|list",
                 "|rejectattr('ok')|map(attribute='age')|list", "|sort(attribute='name')|map(attribute='age')|list",
                 "|sort(attribute='age,name', reverse=true)|map(attribute='name')|list",
                 "|map(attribute='tags')|list", "|selectattr('age', 'gt', 2)|list|length",
                 "|unique(attribute='age')|map(attribute='name')|list"]))),
            (1, lambda: self.wrap(e("list", depth), " + ", e("list", depth))))

    def make_ints(self, depth):
        e = self.expr
        return self.pick(
            (3, lambda: self.post(e("ints", depth), self.rng.choice(
                ["|sort", "|sort(reverse=true)", "|reverse|list", "|unique|list", "|list", "|select('odd')|list",
                 "|reject('gt', 2)|list", "|map('abs')|list", "|select|list", self.slice()]))),
            (1, lambda: Node("expr", "[", e("int", depth), ", ", e("int", depth), "]")),
            (1, lambda: Node("expr", "range((", e("int", depth), ") % 6)")),
            (1, lambda: Node("expr", e("strs", depth), "|map('length')|list")))

    def make_strs(self, depth):
        e = self.expr
        return self.pick(
            (3, lambda: self.post(e("strs", depth), self.rng.choice(
                ["|sort", "|unique|list", "|map('upper')|list", "|map('e')|list", "|reject('in', ['x'])|list", "[1:]",
                 "|map('truncate', 4, true)|list", "|reverse|list", "|sort(case_sensitive=true)", "|map('safe')|list",
                 "|select('string')|list", "|map('replace', 'a', '<')|list", "|map('default', 'x', true)|list"]))),
            (1, lambda: Node("expr", "[", e("str", depth), ", ", e("str", depth), "]")),
            (1, lambda: self.post(e("str", depth), self.rng.choice([".split()", ".split('a')", "|list",
                                                                      ".splitlines()", ".partition(' ')"]))))

    def make_users(self, depth):
        return self.post(self.expr("users", depth), self.rng.choice(
            ["|sort(attribute='age')", "|selectattr('ok')|list", "|list", "[:2]", "|rejectattr('tags')|list",
             "|sort(attribute='name', reverse=true)", "|selectattr('name', 'string')|list"]))

    def make_dict(self, depth):
        e = self.expr
        return self.pick(
            (2, lambda: Node("expr", "{'a': ", e("any", depth), ", 'b': ", e("any", depth), "}")),
            (1, lambda: Node("expr", "dict(", e("dict", depth), ", z=", e("any", depth), ")")),
            (1, lambda: self.post(e("dict", depth), ".copy()")),
            (1, lambda: Node("expr", "{", self.name("str"), ": 1}")))

    def make_misc(self, depth):
        e, rng = self.expr, self.rng
        return self.pick(
            (2, lambda: self.post(e("dict", depth), rng.choice([".a", "['a']", ".get('a')", ".get('q', 5)",
                                                                "['<k>']", ".nope"]))),
            (2, lambda: self.post(e("list", depth), rng.choice(["[0]", "|first", "|last", "[-1]", "[5]", ".0"]))),
            (1, lambda: Node("expr", e("any", depth), "|default(", e("any", depth), self.rng.choice([")", ", true)"]))),
            (1, lambda: self.post(e("users", depth), rng.choice(["[0].name", "[0]['tags']", "|first|attr('x')",
                                                                    "[0].address.city", "[9]"]))),
            (1, lambda: self.inline_if("any", depth)),
            (1, lambda: self.post(e("any", depth), rng.choice(["|safe", "|list", "|string"]))))

    def odd(self, fractions=True):
        return self.rng.choice(ODD + FRACTIONS if fractions else ODD)

    def odd_arguments(self, names):
        """For some of the parameters, the last of them perhaps by keyword."""
        given = self.rng.randint(0, len(names))
        positional = self.rng.randint(0, given)
        named = self.rng.sample(names[positional:], given - positional)
        values = [self.odd(not name.startswith("!")) for name in names[:positional]]
        return ", ".join(values + [f"{name.lstrip('!')}={self.odd(not name.startswith('!'))}" for name in named])

    def make_odd(self, depth):
        """Filters, methods and members of whatever there is."""
        rng = self.rng
        base = lambda: self.wrap(self.expr("any", depth - 1) if rng.random() < 0.6 else self.odd())
        filter_ = lambda: rng.choice(list(FILTERS))
        least_most = lambda: rng.choice(list(METHODS.items()))

        def filtered():
            name = filter_()
            return Node("expr", base(), "|", name, "(", self.odd_arguments(FILTERS[name]), ")")

        def called():
            name, (least, most) = least_most()
            arguments = ", ".join(self.odd() for _ in range(rng.randint(least, most)))
            return Node("expr", base(), ".", name, "(", arguments, ")")

        return self.pick(
            (5, filtered), (4, called), (1, lambda: Node("expr", base(), ".", rng.choice(MEMBERS))),
            (1, lambda: Node("expr", base(), "[", self.odd(), "]")),
            (1, lambda: self.wrap(base(), rng.choice([" + ", " * 1", " % ", " ~ ", " in ", " == ", " < "]), self.odd())
             if rng.random() < 0.8 else self.wrap(base(), " is ", rng.choice(["sameas ", "in ", "eq ", "divisibleby "]), base())),
            (1, lambda: Node("expr", base(), "|map('", filter_(), "'", rng.choice(["", ", 1", ", 'a'"]), ")|list")),
            (1, lambda: Node("expr", base(), "|", rng.choice(["selectattr", "rejectattr"]), "(", self.odd(), rng.choice(
                ["", ", 'in', w", ", 'eq', 1", ", 'defined'"]), ")|list")))

    def inline_if(self, kind, depth):
        e = self.expr
        if self.rng.random() < 0.3:
            return self.wrap(e(kind, depth), " if ", e("bool", depth))
        return self.wrap(e(kind, depth), " if ", e("bool", depth), " else ", e(kind, depth))


class Templates(Expressions):
    """Statements, and whole sets of templates."""

    def __init__(self, seed):
        super().__init__(random.Random(seed))
        self.macros = {}
        self.blocks = []
        self.in_loop = 0
        self.fresh = 0
        self.files = []

    def tag(self, *parts):
        left = self.rng.choices(["{% ", "{%- ", "{%+ ", "{%"], [12, 2, 1, 1])[0]
        right = self.rng.choices([" %}", " -%}", " +%}", "%}"], [12, 2, 1, 1])[0]
        return Node("tag", left, *parts, right)

    def output(self, *parts):
        left, right = self.rng.choices([("{{ ", " }}"), ("{{- ", " }}"), ("{{ ", " -}}"), ("{{", "}}")],
                                       [12, 2, 2, 1])[0]
        return Node("stmt", left, *parts, right)

    def new(self, prefix):
        self.fresh += 1
        return f"{prefix}{self.rng.randint(1, 3) if self.rng.random() < 0.5 else self.fresh}"

    def scoped(self, names, make):
        """Makes a body in which further names are known."""
        before = dict(self.names)
        self.names.update(names)
        body = make()
        self.names = before
        return body

    def body(self, depth, few=False):
        count = self.rng.randint(1, 2 if few else 3)
        return Node("body", *[self.statement(depth) for _ in range(count)])

    def text(self):
        return Node("stmt", self.rng.choice(
            ["text ", "\n", "  \n", " <p>", "</p>\n", "line\nline\n", "  indented\n", "\t", "&amp; ", "x", " ", "é\n",
             "{ ", "% }", "{# note #}", "  {#- note -#}\n", "{# two\nlines #}\n"]))

    def statement(self, depth):
        kinds = [(5, self.text), (9, lambda: self.output(self.expr("any", self.rng.randint(1, 3))))]
        if depth > 0:
            d = depth - 1
            kinds += [
                (3, lambda: self.if_(d)), (4, lambda: self.for_(d)), (4, self.set_), (1, lambda: self.set_block(d)),
                (1, lambda: self.with_(d)), (2, lambda: self.macro(d)), (2, self.call), (1, lambda: self.call_block(d)),
                (1, lambda: self.filter_block(d)), (1, lambda: self.autoescape(d)), (1, self.raw), (1, self.namespace), (1, self.macro_details), (1, self.helpers), (1, lambda: self.import_in_loop(d)),
                (1, lambda: self.recursive(d)), (2, self.loop_detail), (1, self.unpack), (1, self.mutate), (1, self.trans)]
            if self.files:
                kinds += [(2, self.include), (1, self.import_)]
            if self.blocks is not None:
                kinds.append((1, lambda: self.block(d)))
        return self.pick(*kinds)

    def if_(self, d):
        parts = [self.tag("if ", self.expr("bool", 2)), self.body(d)]
        if self.rng.random() < 0.3:
            parts += [self.tag("elif ", self.expr("any", 2)), self.body(d, True)]
        if self.rng.random() < 0.5:
            parts += [self.tag("else"), self.body(d, True)]
        return Node("stmt", *parts, self.tag("endif"))

    def for_(self, d):
        var = self.new("i")
        kind, target, names = self.rng.choice([
            ("ints", var, {var: "int"}), ("strs", var, {var: "str"}), ("list", var, {var: "any"}),
            ("users", var, {var: "dict"}), ("pairs", f"k, {var}", {"k": "str", var: "any"})])
        source = (self.post(self.expr("dict", 1), self.rng.choice([".items()", "|dictsort", "|items"]))
                  if kind == "pairs" else self.expr(kind, 2))
        head = ["for ", target, " in ", source]
        if self.rng.random() < 0.2:
            head += [" if ", self.scoped(names, lambda: self.expr("bool", 1))]
        self.in_loop += 1
        body = self.scoped({**names, "loop": "loop"}, lambda: self.body(d))
        self.in_loop -= 1
        if self.rng.random() < 0.15:
            body.parts.insert(self.rng.randint(0, len(body.parts)), Node(
                "stmt", self.tag("if loop.index > 1"), self.tag(self.rng.choice(["break", "continue"])), self.tag("endif")))
        parts = [self.tag(*head), body]
        if self.rng.random() < 0.2:
            parts += [self.tag("else"), self.body(d, True)]
        return Node("stmt", *parts, self.tag("endfor"))

    def recursive(self, d):
        self.in_loop += 1
        body = self.scoped({"node": "dict", "loop": "loop"}, lambda: self.body(0, True))
        self.in_loop -= 1
        condition = self.rng.choice(["", "", "", " if node.v", " if node.c or node.v == 3"])
        return Node("stmt", self.tag("for node in tree", condition, " recursive"), body, self.rng.choice(
            ["{{ node.v }}", "{{ loop.depth }}", ""]), self.rng.choice(
                ["({{ loop(node.c) }})", "{% if node.c %}{{ loop(node.c)|upper }}{% endif %}",
                 "{{ loop(node.c[:1]) ~ '<' }}", "{% set inner = loop(node.c) %}<{{ inner }}>", "{{ loop(node.c|reverse) }}",
                 "{% set up = loop %}{% for x in [1] %}{{ up(node.c) }}{% endfor %}", "{{ loop(node.c) if loop.first }}"]),
                    self.tag("endfor"))

    def loop_detail(self):
        if not self.in_loop and self.rng.random() < 0.97:
            return self.text()
        return self.output(self.rng.choice([
            "loop.index", "loop.index0", "loop.revindex", "loop.last", "loop.first", "loop.length", "loop.depth",
            "loop.cycle('a', '<b>', 'c')", "loop.previtem", "loop.nextitem|default('-')", "loop.changed(loop.index // 2)",
            "', ' if not loop.last", "loop.index is odd", "loop is defined"]))

    def set_(self):
        kind = self.rng.choice(["int", "str", "list", "num", "dict", "any", "bool", "ints", "strs"])
        name = self.rng.choice([self.new("v"), self.new("v"), "n", "s", "l"])
        value = self.expr(kind, 3)
        self.names[name] = kind
        return Node("stmt", self.tag("set ", name, " = ", value))

    def set_block(self, d):
        name = self.new("v")
        body = self.scoped({}, lambda: self.body(d, True))
        self.names[name] = "str"
        return Node("stmt", self.tag("set ", name, self.rng.choice(["", "", "|upper", " | trim", "|replace('a', 'b')"])),
                    body, self.tag("endset"))

    def with_(self, d):
        name = self.new("w")
        value = self.expr("any", 2)
        return Node("stmt", self.tag("with ", name, " = ", value), self.scoped({name: "any"}, lambda: self.body(d)),
                    self.tag("endwith"))

    def macro(self, d):
        name = self.new("m")
        args = self.rng.choice([[], ["p"], ["p", "q"]])
        head, seen_default = [], False
        for arg in args:
            seen_default = seen_default or self.rng.random() < 0.4
            head.append(Node("plain", ", " if head else "", arg, *(["=", self.expr("any", 1)] if seen_default else [])))
        in_loop, self.in_loop = self.in_loop, 0
        blocks, self.blocks = self.blocks, None
        body = self.scoped({arg: "any" for arg in args}, lambda: self.body(d))
        self.in_loop, self.blocks = in_loop, blocks
        if self.rng.random() < 0.4:
            body.parts.append(Node("stmt", self.rng.choice(
                ["{{ varargs }}", "{{ kwargs }}", "{{ caller() if caller }}", "{{ caller is defined }}",
                 "{{ caller(1) }}", "{{ caller(c=varargs) }}", "{% for v in varargs %}{{ caller(v) }}{% endfor %}",
                 "{{ kwargs.items()|list }}", "{% call(c) caller(2) %}{{ c }}{% endcall %}"])))
        self.macros[name] = len(args)
        return Node("stmt", self.tag("macro ", name, "(", *head, ")"), body, self.tag("endmacro"))

    def macro_details(self):
        if not self.macros:
            return self.text()
        name = self.rng.choice(list(self.macros))
        return self.output(name, ".", self.rng.choice(MEMBERS[:5]))

    def call_text(self):
        if not self.macros or self.rng.random() < 0.02:
            return Node("expr", self.rng.choice(["'%s'.format(1)", "missing()"]))
        name = self.rng.choice(list(self.macros))
        count = max(0, self.macros[name] + self.rng.choice([0, 0, 0, 0, -1, 1 if self.rng.random() < 0.2 else 0]))
        args = []
        for number in range(count):
            keyword = self.rng.random() < 0.2 and number == count - 1
            args.append(Node("plain", ", " if args else "", "pq"[number % 2] + "=" if keyword else "", self.expr("any", 1)))
        extra = self.rng.choice(["", "", "", "", "*w", "z=1", "**d", "caller=none", "*l, **{'z': 2}"])
        return Node("expr", name, "(", *args, ", " if args and extra else "", extra, ")")

    def call(self):
        return self.output(self.call_text(), self.rng.choice(["", "", "|upper", " ~ '<'", "|length", "|e"]))

    def call_block(self, d):
        in_loop, self.in_loop = self.in_loop, 0
        body = self.scoped({"c": "any"}, lambda: self.body(d, True))
        self.in_loop = in_loop
        return Node("stmt", self.tag(self.rng.choice(["call ", "call(c) ", "call(c=1) "]), self.call_text()), body,
                    self.tag("endcall"))

    def filter_block(self, d):
        name = self.rng.choice(["upper", "trim", "replace('a', '<')", "indent(2)", "e", "title", "wordwrap(9)",
                                "truncate(12)", "upper|reverse", "striptags", "safe", "string", "urlize"])
        return Node("stmt", self.tag("filter ", name), self.scoped({}, lambda: self.body(d)), self.tag("endfilter"))

    def autoescape(self, d):
        return Node("stmt", self.tag("autoescape ", self.rng.choice(["true", "false", "yes"])),
                    self.scoped({}, lambda: self.body(d)), self.tag("endautoescape"))

    def raw(self):
        return Node("stmt", self.rng.choice(["{% raw %}", "{%- raw %}", "{% raw -%}"]),
                    self.rng.choice(["{{ x }}", " {% if %}\n", "{# c #}"]),
                    self.rng.choice(["{% endraw %}", "{%- endraw -%}", "{% endraw %}"]))

    def namespace(self):
        if self.names.get("ns") != "ns":
            value = self.expr("any", 1)
            self.names["ns"] = "ns"
            return Node("stmt", self.tag("set ns = namespace(a=", value, ", b=0)"))
        return Node("stmt", self.tag("set ns.", self.rng.choice("ab"), " = ", self.rng.choice(["ns.a ~ ", "ns.b ~ ", ""]),
                                     self.expr("any", 1)), "{{ ns.a }}")

    def helpers(self):
        """cycler and joiner, which remember."""
        if self.names.get("cy") != "helper":
            self.names["cy"] = self.names["jo"] = "helper"
            return Node("stmt", self.tag("set cy, jo = cycler(", self.odd(), ", '<b>', 3), joiner(", self.odd(), ")"))
        return self.output(self.rng.choice(["cy.next()", "cy.current", "jo()", "cy.next() ~ jo()", "cy.reset()", "jo()|length"]))

    def import_in_loop(self, d):
        if not self.files:
            return self.text()
        self.in_loop += 1
        body = self.scoped({"i": "any", "loop": "loop"}, lambda: Node("body", self.import_(), self.body(d, True), self.include()))
        self.in_loop -= 1
        return Node("stmt", self.tag("for i in ", self.expr("list", 1)), body, self.tag("endfor"))

    def unpack(self):
        first, second = self.new("v"), self.new("v")
        values = self.expr("any", 2), self.expr("any", 2)
        self.names[first] = self.names[second] = "any"
        return Node("stmt", self.tag("set ", first, ", ", second, " = ", values[0], ", ", values[1]))

    def mutate(self):
        return Node("stmt", self.rng.choice(
            ["{% set _ = l.append(1) %}", "{% do l.append(2) %}", "{{ d.update({'u': 1}) or '' }}", "{% do w.sort() %}",
             "{{ l.pop() if l }}", "{% do d.setdefault('s', 5) %}", "{{ w.reverse() or w }}", "{{ l.copy() }}",
             "{% do w.extend(['z']) %}", "{{ d.pop('a', none) }}", "{{ l.insert(0, 9) }}"]))

    def trans(self):
        return Node("stmt", self.rng.choice([
            "{% trans %}plain 100%{% endtrans %}", "{% trans s=s %}hi {{ s }}{% endtrans %}",
            "{% trans count=l|length %}{{ count }} thing{% pluralize %}{{ count }} things{% endtrans %}",
            "{% trans trimmed %}\n  a\n  b {{ n }}\n{% endtrans %}", "{{ _('<x>') }}", "{{ ngettext('a', 'b', n) }}",
            "{% trans h=h, n=n %}{{ h }}: {{ n }}{% pluralize n %}{{ h }}s: {{ n }}{% endtrans %}"]))

    def include(self):
        name = self.rng.choice(self.files)
        target = self.rng.choice([f'"{name}"', f"'{name}'", f"['gone.html', '{name}']"])
        return Node("stmt", self.tag("include ", target, self.rng.choice(
            ["", "", "", " ignore missing", " with context"])))

    def import_(self):
        name = self.rng.choice(self.files)
        how = self.rng.choice(["", "", " with context", " without context"])
        if self.rng.random() < 0.5:
            return Node("stmt", self.tag(f"import '{name}' as lib", how), self.rng.choice(
                ["{{ lib.lm(1) }}", "{{ lib.lm(n, s) }}", "{{ lib.lv }}", "{{ lib._p }}", "{{ lib }}", "{{ lib.nope }}"]))
        return Node("stmt", self.tag(f"from '{name}' import lm, lv as other", how), self.rng.choice(
            ["{{ lm(2) }}", "{{ other }}", "{{ lm(h) }}", "{{ lm() ~ '<' }}"]))

    def block(self, d):
        name = f"b{len(self.blocks) + 1}" if self.rng.random() < 0.97 else "b1"
        self.blocks.append(name)
        scoped = self.rng.choice(["", "", " scoped"])
        in_loop = self.in_loop
        if not scoped:
            self.in_loop = 0
        body = self.scoped({}, lambda: self.body(d))
        self.in_loop = in_loop
        return Node("stmt", self.tag("block ", name, scoped), body, self.tag("endblock", self.rng.choice(["", " " + name])))

    def library(self):
        return Node("body", Node("stmt", "{% macro lm(p, q='dq') %}"), self.body(1, True), Node("stmt", "[{{ p }}{{ q }}]"),
                    Node("stmt", "{% endmacro %}"), Node("stmt", "{% set lv = 'lib<v>' %}{% set _p = 1 %}text"),
                    self.body(1, True))

    def child(self, base_blocks, base="base.html"):
        """A template that extends another."""
        parts = []
        if self.rng.random() < 0.4:
            parts.append(self.body(1, True))
        parts.append(Node("stmt", self.rng.choice([
            f'{{% extends "{base}" %}}', f"{{% extends '{base[:2]}' ~ '{base[2:]}' %}}",
            f"{{% extends '{base}' if yes else '{base}' %}}", f"{{% if true %}}{{% extends '{base}' %}}{{% endif %}}"])))
        if self.rng.random() < 0.5:
            parts += [self.set_(), self.macro(1)]
        self.blocks = None
        for name in base_blocks:
            if self.rng.random() < 0.7:
                body = self.scoped({}, lambda: self.body(1))
                if self.rng.random() < 0.5:
                    body.parts.insert(self.rng.randint(0, len(body.parts)), Node("stmt", self.rng.choice(
                        ["{{ super() }}", "{{ super()|upper }}", "{{ super() ~ h }}", f"{{{{ self.{name} is defined }}}}"])))
                parts.append(Node("stmt", self.tag("block ", name), body, self.tag("endblock")))
        return Node("body", *parts)

    def whole(self):
        """name → tree of a set of templates, main.html among them."""
        files = {}
        several = self.rng.random()
        if several < 0.5:
            self.blocks = None
            files["lib.html"] = self.scoped({}, self.library)
            files["inc" + self.rng.choice([".html", ".txt"])] = self.scoped({}, lambda: self.body(1))
            self.macros = {}
            self.files = list(files)
            self.blocks = []
        if several < 0.3:
            files["base.html"] = self.scoped({}, lambda: Node(
                "body", self.body(1), self.block(1), self.block(1), self.body(0)))
            blocks = list(dict.fromkeys(self.blocks))
            self.macros = {}
            if several < 0.1:
                files["mid.html"] = self.scoped({}, lambda: self.child(blocks))
                self.macros = {}
            files["main.html"] = self.child(blocks, "mid.html" if several < 0.1 else "base.html")
        else:
            files["main.html"] = Node("body", *[self.statement(2) for _ in range(self.rng.randint(1, 4))])
        return files

    def options(self):
        options = {"autoescape": self.rng.choice([True, False, "name"]), "extensions": ["do", "loopcontrols", "i18n"]}
        for name in ("trim_blocks", "lstrip_blocks", "keep_trailing_newline"):
            if self.rng.random() < 0.25:
                options[name] = True
        if self.rng.random() < 0.1:
            options["undefined"] = self.rng.choice(["chainable", "strict"])
        return options
