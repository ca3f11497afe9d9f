"""Talks to tests/jinja_batch: a request out, an answer in, one line each."""
import json
import os
import select
import subprocess


def program():
    """Where jinja_batch was built; None when it was not."""
    top = os.environ.get("top_builddir", ".")
    path = os.environ.get("JINJA_BATCH", os.path.join(top, "tests", "jinja_batch"))
    return path if os.access(path, os.X_OK) else None


class Batch:
    """One running jinja_batch; started again when it has died."""

    def __init__(self, path, seconds=20):
        self.path = path
        self.seconds = seconds
        self.process = None

    def _start(self):
        self.process = subprocess.Popen(
            [self.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=1 << 16)

    def close(self):
        if self.process:
            self.process.stdin.close()
            self.process.wait()
            self.process = None

    def _lost(self, what):
        self.process.kill()
        code = self.process.wait()
        self.process = None
        return {"ok": False, "error": f"{what} (status {code})", "lost": True}

    def _reply(self):
        """One line, or None when none came in time."""
        pipe = self.process.stdout
        ready, _, _ = select.select([pipe], [], [], self.seconds)
        return pipe.readline() if ready else None

    def render(self, request):
        if not self.process:
            self._start()
        options = dict(request.get("options", {}))
        if options.get("autoescape") == "name":
            del options["autoescape"]
        line = json.dumps({**request, "options": options}) + "\n"
        try:
            self.process.stdin.write(line.encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            return self._lost("jinja_batch crashed")
        reply = self._reply()
        if reply is None:
            return self._lost(f"jinja_batch gave no answer within {self.seconds} s")
        if not reply.endswith(b"\n"):
            return self._lost("jinja_batch crashed")
        return json.loads(reply)


# Kinds of errors whose words are not compared: the engine's own limit stands
# for Python's, and what Python says of the code that Jinja2 made of a template
# ('break' outside loop, line 11) speaks of that code.
FREE_KINDS = {"RecursionError", "SyntaxError"}


def difference(expected, answer):
    """What distinguishes an answer of jinja_batch from Jinja2's (a text that
    is the output, or {error, at, kind}); None when nothing does."""
    if isinstance(expected, dict) and "output" in expected:
        expected = expected["output"]
    if answer.get("lost"):
        return answer["error"]
    if isinstance(expected, str):
        if not answer["ok"]:
            return f"fails, but should not: {answer['error']}"
        if answer["output"] != expected:
            return "the output differs"
        return None
    if answer["ok"]:
        return f"should fail: {expected['kind']}: {expected['error']}"
    if expected["kind"] in FREE_KINDS:
        return None
    error, at = answer["error"], expected["at"]
    if at and not error.startswith(at + ": "):
        return f"the error's place should be {at}: {error}"
    if not error.endswith(expected["error"]):
        return f"the error should be {expected['error']!r}: {error!r}"
    return None
