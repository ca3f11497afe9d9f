"""What Jinja2 itself makes of a request: the reference of the differential tests.

A request is what tests/jinja_batch takes:
    {"templates": {name: text}, "main": name, "context": {...}, "options": {...}}
and the answer of render() has the same two forms, with the parts of an error
kept apart:
    {"output": text}
    {"error": message, "at": "name:line", "kind": name of the exception}

Options that are not Jinja2's own: "undefined" (default, chainable, strict),
"newstyle_gettext", "trimmed" (the policy ext.i18n.trimmed), and "autoescape":
"name", by the template's name as postrider does it.
"""
import copy
import traceback

import jinja2
import jinja2.compiler

UNDEFINED = {
    "default": jinja2.Undefined,
    "chainable": jinja2.ChainableUndefined,
    "strict": jinja2.StrictUndefined,
}
EXTENSIONS = {
    "do": "jinja2.ext.do",
    "loopcontrols": "jinja2.ext.loopcontrols",
    "i18n": "jinja2.ext.i18n",
    "debug": "jinja2.ext.debug",
}


class CodeGenerator(jinja2.compiler.CodeGenerator):
    """Jinja2's, which forgets to note the line of some tags: an error in the
    values of {% with %} or {% autoescape %}, or a second {% extends %}, is said
    to be where the statement before it stands."""

    def visit_With(self, node, frame):
        self.newline(node)
        super().visit_With(node, frame)

    def visit_ScopedEvalContextModifier(self, node, frame):
        self.newline(node)
        super().visit_ScopedEvalContextModifier(node, frame)

    def visit_Extends(self, node, frame):
        self.newline(node)
        super().visit_Extends(node, frame)


def environment(templates, options):
    options = dict(options)
    extensions = options.pop("extensions", [])
    autoescape = options.pop("autoescape", "name")
    if autoescape == "name":
        autoescape = jinja2.select_autoescape(["html", "htm", "xml"])
    newstyle, trimmed = options.pop("newstyle_gettext", None), options.pop("trimmed", False)
    # The name stands for the file name too, so that tracebacks can be read.
    loader = jinja2.FunctionLoader(
        lambda name: (templates[name], name, lambda: True) if name in templates else None)
    env = jinja2.Environment(
        loader=loader,
        autoescape=autoescape,
        undefined=UNDEFINED[options.pop("undefined", "default")],
        extensions=[EXTENSIONS[name] for name in extensions],
        **options)
    env.code_generator_class = CodeGenerator
    if "i18n" in extensions:
        env.policies["ext.i18n.trimmed"] = trimmed
        env.install_null_translations(newstyle=newstyle)
    return env


def place(exc, templates, main):
    """The innermost line of a template that the exception passed through."""
    if isinstance(exc, jinja2.TemplateSyntaxError):
        return f"{exc.name or main}:{exc.lineno}"
    for frame in reversed(traceback.extract_tb(exc.__traceback__)):
        if frame.filename in templates:
            return f"{frame.filename}:{frame.lineno}"
    return ""


def message_of(exc):
    """What it says; later Pythons (Debian 13 has 3.13) are put into the words of
    3.11, which with Jinja2 3.1.2 is the reference."""
    if isinstance(exc, jinja2.TemplateError):
        return str(exc.message or "")
    if isinstance(exc, KeyError) and exc.args and isinstance(exc.args[0], slice):
        return "unhashable type: 'slice'"
    return {"float modulo by zero": "float modulo"}.get(str(exc), str(exc))


def render(request):
    templates = request["templates"]
    try:
        env = environment(templates, request.get("options", {}))
        # A template can change what it is given.
        context = copy.deepcopy(request.get("context", {}))
        text = env.get_template(request["main"]).render(context)
        return {"output": text}
    except Exception as exc:
        return {
            "error": message_of(exc),
            "at": place(exc, templates, request["main"]),
            "kind": type(exc).__name__,
        }
