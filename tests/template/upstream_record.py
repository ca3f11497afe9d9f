"""A pytest plugin that notes what Jinja2's own tests render.

    python3 -m pytest -p upstream_record --record FILE jinja2-3.1.2/tests

Each line of FILE is {"test": name, "request": {...}, "seen": answer}: the
request in the form of tests/jinja_batch, and the answer as oracle.py has it.
What JSON cannot carry (functions, objects, filters of a test's own) leaves
"request" null and says "why"; a request that a plain environment answers
otherwise than the test saw it is left out the same way, since it then depends
on something that is not in it.
"""
import json
import random

import jinja2
import jinja2.defaults

import oracle

DEFAULTS = {
    name: getattr(jinja2.defaults, name.upper())
    for name in ("block_start_string", "block_end_string", "variable_start_string", "variable_end_string",
                 "comment_start_string", "comment_end_string", "line_statement_prefix", "line_comment_prefix",
                 "trim_blocks", "lstrip_blocks", "newline_sequence", "keep_trailing_newline")}
EXTENSIONS = {
    "jinja2.ext.ExprStmtExtension": "do", "jinja2.ext.LoopControlExtension": "loopcontrols",
    "jinja2.ext.InternationalizationExtension": "i18n", "jinja2.ext.DebugExtension": "debug"}
FROM_STRING = "main"


class Inexpressible(Exception):
    """What a request has no form for."""


def plain(value):
    """`value` as JSON has it; tuples and the like become lists."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, dict) and all(type(key) is str for key in value):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, range)):
        return [plain(item) for item in value]
    raise Inexpressible(f"a value of type {type(value).__name__}")


def options_of(env, name):
    options = {option: getattr(env, option) for option, usual in DEFAULTS.items() if getattr(env, option) != usual}
    options["autoescape"] = env.autoescape(name) if callable(env.autoescape) else bool(env.autoescape)
    options["undefined"] = next((word for word, kind in oracle.UNDEFINED.items() if kind is env.undefined), "default")
    options["extensions"] = [EXTENSIONS[key] for key in env.extensions if key in EXTENSIONS]
    if getattr(env, "newstyle_gettext", False):
        options["newstyle_gettext"] = True
    if env.policies.get("ext.i18n.trimmed"):
        options["trimmed"] = True
    return options


class Recorder:
    def __init__(self, path):
        self.file = open(path, "w", encoding="utf-8")
        self.test = ""
        self.depth = 0      # of renderings within each other
        self.sources = {}   # id of an environment -> (the environment, {name: text})
        self.known = set()  # what was written already

    def texts(self, env):
        return self.sources.setdefault(id(env), (env, {}))[1]

    def load(self, env, name):
        """Notes the text that the environment's loader has under a name."""
        if isinstance(env.loader, jinja2.DictLoader):
            self.texts(env).update(env.loader.mapping)
            return
        try:
            self.texts(env)[name] = env.loader.get_source(env, name)[0]
        except Exception:  # the test meets it as well
            pass

    def note(self, env, name, source, context, extra, answer):
        line = {"test": self.test, "request": None, "seen": answer}
        try:
            variables = {**{key: value for key, value in extra.items()
                            if key not in jinja2.defaults.DEFAULT_NAMESPACE}, **context}
            templates = dict(self.texts(env))
            if source is not None:
                templates[name] = source
            line["request"] = {"templates": templates, "main": name, "context": plain(variables),
                               "options": options_of(env, name)}
            self.check(line)
        except Inexpressible as reason:
            line.update(request=None, why=str(reason))
        text = json.dumps([line["request"], line.get("why"), self.test if line["request"] is None else ""])
        if text not in self.known:
            self.known.add(text)
            self.file.write(json.dumps(line) + "\n")

    @staticmethod
    def check(line):
        """What the test saw has to be what anybody sees, every time."""
        for _ in range(3):
            seen, again = line["seen"], oracle.render(json.loads(json.dumps(line["request"])))
            if seen.get("output") != again.get("output") or seen.get("error") != again.get("error"):
                raise Inexpressible(f"a plain environment answers {next(iter(again.items()))}"[:200])
        if " at 0x" in str(again):
            raise Inexpressible("an address is printed")
        line["seen"] = again

    def failed(self, env, name, source, exc):
        self.note(env, name, source, {}, {}, {"error": exc.message or "", "at": "", "kind": type(exc).__name__})

    def finish(self, template, context, answer):
        """Notes a rendering that no other was around."""
        if self.depth:
            return
        self.depth += 1  # the oracle renders too
        state = random.getstate()  # which some test has set
        self.note(template.environment, template.name or FROM_STRING, getattr(template, "recorded_source", None),
                  context, template.globals, answer)
        random.setstate(state)
        self.depth -= 1


class Parts(list):
    """What generate() yielded, to be joined and then to be gone through."""

    def __next__(self):
        if not self:
            raise StopIteration
        return self.pop(0)


def wrong(exc):
    message = exc.message if isinstance(exc, jinja2.TemplateError) else str(exc)
    return {"error": message or "", "at": "", "kind": type(exc).__name__}


def before(context):
    """The context as it was: a template can change what it is given."""
    try:
        return plain(context)
    except Inexpressible:
        return context


def watch(recorder):
    """Puts the recorder between the tests and Jinja2."""
    Environment, Template = jinja2.Environment, jinja2.Template
    load, from_string, compile_ = Environment._load_template, Environment.from_string, Environment.compile
    parse, generate, module = Environment.parse, Template.generate, Template.make_module
    render, render_async = Template.render, Template.render_async

    def watched_load(env, name, globals):
        if isinstance(name, str) and env.loader is not None:
            recorder.load(env, name)
        return load(env, name, globals)

    def watched_from_string(env, source, *args, **kwargs):
        template = from_string(env, source, *args, **kwargs)
        template.recorded_source = source
        return template

    def failing(function):
        def watched(env, source, name=None, *args, **kwargs):
            try:
                return function(env, source, name, *args, **kwargs)
            except jinja2.TemplateSyntaxError as exc:
                if not recorder.depth and isinstance(source, str):
                    recorder.depth += 1
                    recorder.failed(env, name or FROM_STRING, source, exc)
                    recorder.depth -= 1
                raise
        return watched

    def rendering(function, text=str, variables=dict):
        def watched(template, *args, **kwargs):
            context = before(variables(*args, **kwargs))
            recorder.depth += 1
            try:
                result = function(template, *args, **kwargs)
                answer = {"output": text(result)}
                return result
            except Exception as exc:
                answer = wrong(exc)
                raise
            finally:
                recorder.depth -= 1
                recorder.finish(template, context, answer)
        return watched

    async def watched_async(template, *args, **kwargs):
        context = before(dict(*args, **kwargs))
        recorder.depth += 1
        try:
            result = await render_async(template, *args, **kwargs)
            answer = {"output": result}
            return result
        except Exception as exc:
            answer = wrong(exc)
            raise
        finally:
            recorder.depth -= 1
            recorder.finish(template, context, answer)

    Environment._load_template = watched_load
    Environment.from_string = watched_from_string
    Environment.compile = failing(compile_)
    Environment.parse = failing(parse)
    Template.render = rendering(render)
    Template.render_async = watched_async
    Template.generate = rendering(lambda *args, **kwargs: Parts(generate(*args, **kwargs)), "".join)
    Template.make_module = rendering(module, variables=lambda vars=None, shared=False, locals=None: vars or {})


def pytest_addoption(parser):
    parser.addoption("--record", required=True, help="where to write what is rendered")


def pytest_configure(config):
    config.recorder = Recorder(config.getoption("--record"))
    watch(config.recorder)


def pytest_runtest_setup(item):
    item.config.recorder.test = item.nodeid


def pytest_unconfigure(config):
    config.recorder.file.close()
