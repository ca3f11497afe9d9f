"""The form in which the cases of a differential test are written.

A file cases/<construct>/<what>.txt holds many cases.  Outside a block every
line is a template of its own, named main.html, but for

    # ...                comment (a line that begins with "# ")
    @context {...}       JSON: the variables of the cases that follow
    @options {...}       JSON: their options; {} resets
    @let NAME  a || b    alternatives: a line that says «NAME» is written
                         once for each, one that also says «NAME2» for each
                         pair
    @case title          a template of several lines, up to @end
    @file name           within a case: what follows is a further template
    @end

The text of a block ends before the newline that precedes @file or @end.

    @json {...}          a whole request, for what cannot be written plainly

Every case is run twice, with autoescape off and on, unless its options say
which.
"""
import hashlib
import itertools
import json
import os
import re


class Case:
    """One template (with those that it names), in the modes it is run in."""

    def __init__(self, where, title, templates, main, context, options):
        self.where = where
        self.title = title
        self.templates = templates
        self.main = main
        self.context = context
        self.options = options
        text = json.dumps([templates, main, context, options], sort_keys=True)
        self.digest = hashlib.sha1(text.encode()).hexdigest()[:12]

    def requests(self):
        modes = [self.options["autoescape"]] if "autoescape" in self.options else [False, True]
        for mode in modes:
            yield {
                "templates": self.templates,
                "main": self.main,
                "context": self.context,
                "options": {**self.options, "autoescape": mode},
            }


def _alternatives(line, lets):
    names = list(dict.fromkeys(re.findall("«(\\w+)»", line)))
    for chosen in itertools.product(*(lets[name.rstrip("0123456789")] for name in names)):
        text = line
        for name, value in zip(names, chosen):
            text = text.replace(f"«{name}»", value)
        yield text


def _block(lines):
    """The templates of a block, up to its @end."""
    name, templates = "main.html", {}
    text = []
    for _, line in lines:
        if line == "@end" or line.startswith("@file "):
            if text or name == "main.html":
                templates[name] = "\n".join(text)
            elif name:
                templates[name] = ""
            text = []
            if line == "@end":
                return templates
            name = line[6:].strip()
        else:
            text.append(line)
    raise ValueError("a @case without @end")


def read(path):
    context, options, lets = {}, {}, {}
    with open(path, encoding="utf-8", newline="\n") as file:
        lines = iter(list(enumerate(file.read().split("\n"), 1)))
    for number, line in lines:
        where = f"{os.path.basename(path)}:{number}"
        word, _, rest = line.partition(" ")
        if not line or line.startswith("# ") or line == "#":
            continue
        if word == "@context":
            context = json.loads(rest)
        elif word == "@options":
            options = json.loads(rest)
        elif word == "@let":
            name, _, values = rest.strip().partition(" ")
            lets[name] = [value.strip() for value in values.split(" || ")]
        elif word == "@case":
            yield Case(where, rest, _block(lines), "main.html", context, options)
        elif word == "@json":
            request = json.loads(rest)
            yield Case(where, "", request["templates"], request.get("main", "main.html"),
                       request.get("context", {}), request.get("options", {}))
        elif word.startswith("@"):
            raise ValueError(f"{path}:{number}: what is {word}?")
        else:
            for text in _alternatives(line, lets):
                yield Case(where, text, {"main.html": text}, "main.html", context, options)


def _texts(top):
    """The shipped templates by name."""
    texts = {}
    for folder, _, names in os.walk(top):
        for name in names:
            if name.endswith(".html"):
                path = os.path.join(folder, name)
                with open(path, encoding="utf-8") as file:
                    texts[os.path.relpath(path, top)] = file.read()
    return texts


def shipped(top):
    """The shipped templates with the bodies in mail/, as postrider renders
    them: `body`, and each of its keys as a variable of its own."""
    templates = _texts(os.path.join(top, "..", "..", "templates"))
    mail = os.path.join(top, "mail")
    for file in sorted(os.listdir(mail)):
        name = next(name for name in sorted(templates, reverse=True)
                    if file.startswith(name.removesuffix(".html")))
        with open(os.path.join(mail, file), encoding="utf-8") as text:
            body = json.load(text)
        for undefined in ("default", "strict"):
            yield Case(f"mail/{file}", undefined, templates, name, {**body, "body": body},
                       {"autoescape": "name", "undefined": undefined})


def directories(top):
    """The case directories below `top`, each with its cases in order."""
    for name in sorted(os.listdir(top)):
        folder = os.path.join(top, name)
        if not os.path.isdir(folder):
            continue
        cases = {}
        for file in sorted(os.listdir(folder)):
            if file.endswith(".txt"):
                for case in read(os.path.join(folder, file)):
                    case.where = f"{name}/{case.where}"
                    cases.setdefault(case.digest, case)
        if name == "shipped":
            cases = {case.digest: case for case in shipped(os.path.dirname(top))}
        yield name, list(cases.values())
