"""postriderctl as people and scripts call it: whole verbs, a real Redis, a real relay's other side."""
import json
import os
import re
import subprocess

import pytest

from harness import BUILD, PASSWORD, TOP, wait_for

CTL = os.path.join(BUILD, "postriderctl")
VERBS = ["send", "status", "failed list", "failed show", "failed retry", "failed delete", "render", "check", "trace"]
EX_USAGE, EX_DATAERR, EX_NOINPUT, EX_UNAVAILABLE, EX_CONFIG = 64, 65, 66, 69, 78


class Result:
    def __init__(self, done):
        self.status, self.out, self.err = done.returncode, done.stdout.decode(), done.stderr.decode()

    def json(self):
        return json.loads(self.out)


def run(*arguments, stdin=b""):
    return Result(subprocess.run([CTL, *map(str, arguments)], input=stdin, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, check=False, timeout=60))


def ctl(host, verb, *arguments, stdin=b""):
    result = run(*verb.split(), *arguments, "--config", host.config_path, stdin=stdin)
    assert PASSWORD not in result.out + result.err
    return result


def queued(host, queue="default"):
    return host.client.lrange(host.key(queue=queue), 0, -1)


# ---- the command line ---------------------------------------------------

@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_help(verb):
    result = run(*verb.split(), "--help")
    assert result.status == 0 and result.err == ""
    assert "--config" in result.out and "postriderctl " + verb in result.out


@pytest.mark.parametrize("arguments", [
    [], ["failed"], ["failed", "eat"], ["sned"], ["status", "--jsn"], ["status", "more"],
    ["render"], ["render", "a", "b"], ["failed", "show"], ["failed", "retry"],
    ["failed", "delete", "x", "--all"], ["failed", "list", "--state", "alive"], ["send"],
])
def test_usage_errors_say_so(arguments):
    result = run(*arguments)
    assert result.status == EX_USAGE
    assert result.out == "" and len(result.err) > 20


def test_an_option_in_front_of_the_verb():
    result = run("-c", "/etc/postrider/postrider.yaml", "check")
    assert result.status == EX_USAGE and "postriderctl VERB -c" in result.err


def test_overview_and_version():
    result = run("--help")
    assert result.status == 0
    assert all(re.search(r"^  %s " % verb, result.out, re.M) for verb in VERBS)
    assert run("--version").out.startswith("postriderctl ")


def test_configuration_with_faults(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("relays:\n  main: {host: h, prot: 25}\nqeues: {}\n")
    result = run("status", "-c", path)
    assert result.status == EX_CONFIG
    assert "%s:2:" % path in result.err and "%s:3:1" % path in result.err


# ---- render -------------------------------------------------------------

@pytest.fixture
def templates(tmp_path):
    (tmp_path / "t").mkdir()
    for name, text in {"hello.html": "<p>{{ name }} {{ body.name }}</p>\n", "note.txt": "{{ a }} & {{ b }}",
                       "broken.html": "one\n{% if %}\n", "raises.html": "a\nb\n{{ nothing.at.all }}\n",
                       "want.txt": "{{ x }}", "want.txt.yaml": "required: [x, y.z]\n"}.items():
        (tmp_path / "t" / name).write_text(text, encoding="utf-8")
    return tmp_path / "t"


def render(templates, name, *arguments, stdin=b""):
    return run("render", name, "--template-dir", templates, *arguments, stdin=stdin)


def test_render_prints_the_output_and_nothing_else(templates, tmp_path):
    (tmp_path / "body.json").write_text('{"name": "<김>"}', encoding="utf-8")
    result = render(templates, "hello.html", "--body", tmp_path / "body.json")
    assert (result.status, result.out, result.err) == (0, "<p>&lt;김&gt; &lt;김&gt;</p>", "")


def test_render_takes_variables_as_they_are(templates, tmp_path):
    (tmp_path / "c.json").write_text('{"a": 1, "b": "<"}')
    assert render(templates, "note.txt", "--context", tmp_path / "c.json").out == "1 & <"
    assert render(templates, "note.txt", "--body", "-", "--context", tmp_path / "c.json",
                  stdin=b'{"a": 2}').out == "1 & <"
    assert render(templates, "note.txt", "--body", "-", stdin=b'{"a": 2}').out == "2 & "


@pytest.mark.parametrize("name,place", [("broken.html", "broken.html:2"), ("raises.html", "raises.html:3")])
def test_render_errors_have_their_place(templates, name, place):
    result = render(templates, name)
    assert result.status == 1 and result.out == ""
    assert result.err.startswith(place + ":")


def test_render_strict(templates):
    assert render(templates, "note.txt").out == " & "
    result = render(templates, "note.txt", "--strict")
    assert result.status == 1 and "'a' is undefined" in result.err


@pytest.mark.parametrize("name", ["absent.html", "../t/hello.html", "/etc/passwd", ""])
def test_render_of_no_template(templates, name):
    result = render(templates, name)
    assert result.status == 1 and result.out == "" and result.err


def test_render_tells_of_missing_fields_and_goes_on(templates):
    result = render(templates, "want.txt", "--body", "-", stdin=b'{"x": 5}')
    assert (result.status, result.out) == (0, "5")
    assert "y.z" in result.err and "x" not in re.findall(r"\b[xy.z]+\b", result.err)


@pytest.mark.parametrize("text,place", [("{\n\"a\": }", ":2:"), ("[1]", "object"), ("{\"a\":1,\"a\":2}", "duplicate")])
def test_render_of_bad_json(templates, tmp_path, text, place):
    (tmp_path / "b.json").write_text(text)
    result = render(templates, "note.txt", "--body", tmp_path / "b.json")
    assert result.status == EX_DATAERR and place in result.err
    assert render(templates, "note.txt", "--body", tmp_path / "none.json").status == EX_DATAERR


def test_shipped_templates_render():
    directory = os.path.join(TOP, "templates")
    for name in sorted(os.listdir(os.path.join(TOP, "tests", "template", "mail"))):
        template = re.sub(r"-(korean|least)?\.json$|\.json$", "", name).replace("-korean", "").replace("-least", "")
        result = run("render", template + ".html", "--template-dir", directory, "--strict",
                     "--body", os.path.join(TOP, "tests", "template", "mail", name))
        assert result.status == 0, result.err
        assert result.out.startswith("<!DOCTYPE html>") and result.err == ""


# ---- send ---------------------------------------------------------------

def test_send_from_options(host):
    result = ctl(host, "send", "--to", "Ada <ada@example.com>", "--to", "b@example.com", "--cc", "c@example.com",
                 "--bcc", "d@example.com", "--title", "Grüße", "--template", "plain.html", "--id", "n1",
                 "--from", "me@example.com", "--body", "-", stdin='{"name": "Zoë"}'.encode())
    assert result.status == 0 and "default" in result.out
    [message] = map(json.loads, queued(host))
    assert message == {"template_name": "plain.html", "title": "Grüße", "email_from": "me@example.com", "id": "n1",
                       "email_to": ["Ada <ada@example.com>", "b@example.com"], "cc": ["c@example.com"],
                       "bcc": ["d@example.com"], "body": {"name": "Zoë"}}


def test_send_a_file_byte_for_byte(host, tmp_path):
    text = b'{"title":  "T", "template_name":"plain.html","email_to":"a@example.com", "body":{"n": 1.0e2}}'
    (tmp_path / "m.json").write_bytes(text + b"\n")
    assert ctl(host, "send", tmp_path / "m.json").status == 0
    assert ctl(host, "send", "-", stdin=text).status == 0
    assert queued(host) == [text, text]
    assert ctl(host, "send", tmp_path / "m.json", "--title", "New").status == 0
    assert json.loads(queued(host)[2])["title"] == "New"


def test_send_names_every_fault_and_sends_nothing(host):
    result = ctl(host, "send", "-", stdin=b'{"template_name": "strict.html", "email_to": ["not an address"],'
                                          b' "titel": "x", "cc": 5, "body": {"order": {}}}')
    assert result.status == EX_DATAERR
    assert all(word in result.err for word in ("not an address", "titel", "cc"))
    result = ctl(host, "send", "--to", "a@example.com", "--template", "strict.html")
    assert result.status == EX_DATAERR and "order.id" in result.err and "name" in result.err
    result = ctl(host, "send", "--to", "a@example.com", "--template", "absent.html")
    assert result.status == EX_DATAERR and "absent.html" in result.err
    result = ctl(host, "send", "--to", "a@example.com", "--template", "broken.html")
    assert result.status == EX_DATAERR and "broken.html:2" in result.err
    assert queued(host) == []


def test_send_dry_run(host):
    result = ctl(host, "send", "-n", "--to", "a@example.com", "--template", "plain.html")
    assert result.status == 0 and result.json()["email_to"] == ["a@example.com"]
    assert queued(host) == []


def test_send_to_queues(host):
    message = ("--to", "a@example.com", "--template", "plain.html")
    host.configure(queues={"bulk": {"workers": 1, "relays": ["main"]}})
    assert ctl(host, "send", "-q", "bulk", *message).status == 0
    assert ctl(host, "send", *message).status == 0
    assert len(queued(host, "bulk")) == len(queued(host)) == 1
    result = ctl(host, "send", "-q", "blk", *message)
    assert result.status == EX_USAGE and "bulk" in result.err and "default" in result.err


def test_send_without_redis(host):
    host.redis.kill()
    result = ctl(host, "send", "--to", "a@example.com", "--template", "plain.html")
    assert result.status == EX_UNAVAILABLE and result.err


# ---- status -------------------------------------------------------------

def test_status_without_the_daemon(host):
    host.push()
    result = ctl(host, "status")
    assert result.status == EX_UNAVAILABLE
    assert "postriderd does not answer" in result.out
    assert re.search(r"^default +1 +0 +0 +0 ", result.out, re.M)
    status = ctl(host, "status", "--json").json()
    assert status["daemon"] is None and status["daemon_error"]
    assert status["redis"][0] == {"name": "default", "queued": 1, "processing": 0, "retry": 0, "dead": 0,
                                  "next_due_ms": None, "oldest_ms": None}


def test_status_with_the_daemon(host):
    host.start(retry={"base": "1h", "cap": "2h"})
    host.push()
    host.push(email_to=["rcpt451-x@example.com"])
    host.push(template_name="absent.html")
    wait_for(lambda: len(host.records("retry")) == 1 and len(host.records("dead")) == 1)
    host.wait_messages(1)
    status = wait_for(lambda: (lambda s: s if s["redis"][0]["processing"] == 0 else None)(
        ctl(host, "status", "--json").json()))
    assert status["daemon"]["pid"] == host.daemon.pid
    [queue] = status["redis"]
    assert (queue["queued"], queue["retry"], queue["dead"]) == (0, 1, 1)
    assert 2000000 < queue["next_due_ms"] < 4400000 and 0 <= queue["oldest_ms"] < 60000
    workers = status["daemon"]["queues"][0]["workers"]
    assert sum(worker["counts"]["taken"] for worker in workers) == 3
    result = ctl(host, "status")
    assert result.status == 0
    assert re.search(r"^postriderd \S+, pid %d, up " % host.daemon.pid, result.out)
    assert re.search(r"^default +0 +0 +1 +1 ", result.out, re.M)
    assert re.search(r"^main +default +up ", result.out, re.M)
    assert len(re.findall(r"^default/[12] +\d+ +idle ", result.out, re.M)) == 2


def test_status_shows_what_a_relay_has_told_of_its_limits(host):
    host.relay.rules({"stage": "idle", "do": {"delay": 2.2, "reply": "421 4.4.2 Error: timeout exceeded"}})
    host.start(queues={"default": {"workers": 1}})
    host.push()
    host.wait_messages(1)
    host.relay.wait(lambda events: [event for event in events if event["event"] == "close"])
    host.relay.rules()
    host.push()
    host.wait_messages(2)
    relay = wait_for(lambda: next((r for r in host.status()["queues"][0]["relays"] if r["idle_most_ms"]), None))
    assert 2000 <= relay["idle_most_ms"] < 60000
    assert re.search(r"^main +default +up +(\S+ +)?\d+s idle", ctl(host, "status").out, re.M)


def test_status_without_redis(host):
    host.redis.kill()
    result = ctl(host, "status")
    assert result.status == EX_UNAVAILABLE and result.err


# ---- failed -------------------------------------------------------------

@pytest.fixture
def failures(host):
    """One dead for its template, one for its field, one refused, one waiting."""
    host.start(retry={"base": "1h", "cap": "2h"})
    host.push(template_name="absent.html", id="typo")
    host.push(template_name="strict.html", id="field", body={"name": "\033[31mred"})
    host.push(email_to=["rcpt550-gone@example.com"], id="refused")
    host.push(email_to=["rcpt451-x@example.com"], id="later")
    wait_for(lambda: len(host.records("retry")) == 1 and len(host.records("dead")) == 3)
    return host


def by_id(host, *filters):
    return {one["record"]["producer_id"]: one for one in ctl(host, "failed list", "--json", *filters).json()}


def test_failed_list(failures):
    assert set(by_id(failures)) == {"typo", "field", "refused", "later"}
    assert set(by_id(failures, "--state", "retry")) == {"later"}
    assert set(by_id(failures, "--class", "invalid")) == {"typo", "field"}
    assert set(by_id(failures, "--class", "temporary")) == {"later"}
    assert by_id(failures, "--older", "1h") == {} and len(by_id(failures, "--older", "0")) == 4
    assert len(by_id(failures, "--queue", "default")) == 4
    assert ctl(failures, "failed list", "--queue", "none").status == EX_USAGE
    table = ctl(failures, "failed list").out
    assert len(table.splitlines()) == 5 and "550" in table and "absent.html" in table


def test_failed_list_of_nothing(host):
    result = ctl(host, "failed list")
    assert (result.status, result.out) == (0, "") and "no failed" in result.err
    assert ctl(host, "failed list", "--json").json() == []


def test_failed_show(failures):
    one = by_id(failures)["refused"]
    for name in (one["id"], "refused"):
        result = ctl(failures, "failed show", name)
        assert result.status == 0
        assert one["id"] in result.out and "rcpt550-gone@example.com" in result.out
        assert re.search(r"refused +rcpt550-gone@example.com +550 5\.7\.1", result.out)
        assert '"email_to"' in result.out
    [shown] = ctl(failures, "failed show", "refused", "--json").json()
    assert shown["message"]["id"] == "refused" and shown["state"] == "dead"
    result = ctl(failures, "failed show", "field")
    assert "order.id" in result.out and "\033" not in result.out
    result = ctl(failures, "failed show", "nobody", "typo")
    assert result.status == EX_NOINPUT and "nobody" in result.err and "absent.html" in result.out


def test_failed_show_of_what_is_no_json(host):
    host.start()
    host.push_raw(b"\xff\x00 no JSON \033[2J")
    [record] = wait_for(lambda: host.records("dead"))
    result = ctl(host, "failed show", record["id"])
    assert result.status == 0 and "no JSON" in result.out and "\033" not in result.out
    [shown] = ctl(host, "failed show", "--json", record["id"]).json()
    assert shown["message"] == {"base64": "/wAgbm8gSlNPTiAbWzJK"}


def test_failed_retry_delivers_what_was_mended(failures):
    failures.write_template("absent.html", "<p>here now</p>")
    result = ctl(failures, "failed retry", "typo")
    assert result.status == 0 and "queued again" in result.out
    assert failures.wait_messages(1)
    assert set(by_id(failures)) == {"field", "refused", "later"}


def test_failed_retry_counts_anew(failures):
    ctl(failures, "failed retry", "later")
    later = wait_for(lambda: (lambda one: one if one and len(one["record"]["errors"]) == 2 else None)(
        by_id(failures).get("later")))
    assert later["record"]["attempts"] == 1 and later["state"] == "retry"


def test_failed_delete(failures):
    result = ctl(failures, "failed delete", "typo", "nobody", "field")
    assert result.status == EX_NOINPUT and "nobody" in result.err
    assert set(by_id(failures)) == {"refused", "later"}
    assert failures.client.hlen(failures.key("record")) == failures.client.hlen(failures.key("message")) == 2


def test_failed_in_bulk_asks(failures):
    result = ctl(failures, "failed delete", "--all")
    assert result.status == EX_USAGE and "3 dead and 0 waiting" in result.err and "--yes" in result.err
    assert len(by_id(failures)) == 4
    result = ctl(failures, "failed delete", "--class", "invalid", "--yes")
    assert result.status == 0 and result.out == "2 deleted\n"
    assert ctl(failures, "failed delete", "--all", "--yes").status == 0
    assert set(by_id(failures)) == {"later"}
    assert ctl(failures, "failed delete", "--state", "all", "--yes").status == 0
    assert by_id(failures) == {}
    assert ctl(failures, "failed delete", "--all", "--yes").status == 1


def test_a_record_of_another_version_is_shown_and_left_alone(host):
    record_id = "01JDXM0000000000000000TEST"
    host.client.hset(host.key("record"), record_id, b'{"v":99,"secret":"format"}')
    host.client.hset(host.key("message"), record_id, b"{}")
    host.client.zadd(host.key("dead"), {record_id: 1})
    result = ctl(host, "failed show", record_id)
    assert result.status == 0 and "version" in result.out
    result = ctl(host, "failed retry", record_id)
    assert result.status == 1 and record_id in result.err
    assert host.client.zscore(host.key("dead"), record_id) == 1
    assert ctl(host, "failed list").status == 0


# ---- check --------------------------------------------------------------

def lines(result):
    return [line.split(None, 1) for line in result.out.splitlines()]


def good_templates(host):
    for name in ("broken.html", "raises.html"):
        os.remove(os.path.join(host.templates, name))


def test_check_finds_everything_well(make_host):
    host = make_host(redis_options={"aof": True, "options": {"maxmemory": "64mb"}})
    good_templates(host)
    result = ctl(host, "check")
    assert result.status == 0, result.out
    assert [word for word, _ in lines(result)] == ["ok"] * 4
    assert "authenticated as mailer" in result.out and "verified" in result.out
    assert host.relay.stats()["messages"] == 0
    assert [one["status"] for one in ctl(host, "check", "--json").json()] == ["ok"] * 4


def test_check_of_templates(host):
    result = ctl(host, "check")
    assert result.status == 1
    assert re.search(r"^FAIL template: broken.html:2", result.out, re.M)
    good_templates(host)
    host.write_template("sub/strict.html", "x")
    host.write_template("sub/strict.html.yaml", "required: 5\n")
    host.write_template("orphan.html.yaml", "required: [a]\n")
    result = ctl(host, "check")
    assert re.search(r"^FAIL template: .*sub/strict.html.yaml:1:", result.out, re.M)
    assert re.search(r"^warn template: orphan.html.yaml", result.out, re.M)


def test_trace_wants_a_name_that_is_there(host):
    host.start()
    assert ctl(host, "trace", "--relay", "main").status == 0
    assert ctl(host, "trace", "--relay", "main", "--for", "0").status == 0
    assert ctl(host, "trace", "--worker", "default/1", "--for", "5m").status == 0
    for wrong in (["--relay", "nowhere"], ["--worker", "default/9"], [], ["--relay", "main", "--for", "soon"],
                  ["--relay", "main", "--worker", "default/1"], ["--relay", "main", "--for", "2d"]):
        result = ctl(host, "trace", *wrong)
        assert result.status == EX_USAGE and len(result.err) > 20
    host.stop()
    assert ctl(host, "trace", "--relay", "main").status == EX_UNAVAILABLE


def test_check_sees_what_a_template_would_meet(host):
    good_templates(host)
    host.write_template("base.html", "<p>{{ body.shop }}</p>{% block b %}{% endblock %}")
    host.write_template("seen.html", "{% extends 'base.html' %}\n{% block b %}{% if body.x %}{{ body.name|upcase }}"
                        "{% include 'part.html' %}{% include 'maybe.html' ignore missing %}{% endif %}{% endblock %}")
    host.write_template("seen.html.yaml", "required: [name.first, shop, nobody]\n")
    result = ctl(host, "check")
    warned = [text for word, text in lines(result) if word == "warn" and "seen.html" in text]
    assert result.status == 0 and len(warned) == 3, warned
    for words in ("seen.html:2: there is no filter upcase", "seen.html:2: includes part.html, which is not there",
                  "seen.html.yaml: requires nobody, which no template uses"):
        assert any(words in text for text in warned)
    told = ctl(host, "check", "--fields").out
    assert "seen.html:2: body.x is used and not required" in told
    assert "base.html:1: body.shop is used" in told and "seen.html:1: body.shop" not in told


def warnings(host, name, *arguments):
    return [text.split(": ", 1)[1] for word, text in lines(ctl(host, "check", *arguments)) if word == "warn" and name in text]


@pytest.mark.parametrize("template,required,warned", [
    ("{% if name %}{{ name|upcase }}\n{% if name is shiny %}{% endif %}{% endif %}", "",
     ["1: there is no filter upcase", "2: there is no test shiny"]),
    ("{% extends 'no.html' %}\n{% import 'm.html' as m %}{% from 'n.html' import f %}", "",
     ["1: extends no.html, which is not there", "2: imports m.html, which is not there", "2: imports n.html, which is not there"]),
    ("{% include ['no.html', 'base.html'] %}{% include 'no.html' ignore missing %}", "", []),
    ("{% extends 'base.html' %}{% block b %}{{ name }}{% endblock %}", "shop, name", []),
    ("{% include 'base.html' %}{% set o = body.order %}{{ o.id }}", "shop, order.id", []),
    ("{% for shop in [1] %}{{ shop }}{% endfor %}", "shop", [".yaml: requires shop, which no template uses"]),
    ("{{ body|tojson }}", "a, b.c", []),
    ("\n{% include body.part %}{{ x }}", "a, x",
     ["2: includes a template that only its data names: what that one uses is not looked at"]),
    ("\n{% extends layout %}", "", []),
])
def test_check_of_one_template(host, template, required, warned):
    good_templates(host)
    host.write_template("base.html", "<p>{{ shop }}</p>{% block b %}{% endblock %}")
    host.write_template("one.html", template)
    if required:
        host.write_template("one.html.yaml", "required: [%s]\n" % required)
    assert [text.replace("one.html:", "", 1).replace("one.html", "", 1) for text in warnings(host, "one.html")] == warned


def test_check_of_fields_that_are_not_required(host):
    good_templates(host)
    host.write_template("base.html", "\n{{ shop }}{% block b %}{% endblock %}")
    host.write_template("one.html", "{% extends 'base.html' %}{% macro m(a) %}{{ a.b }}{% endmacro %}\n{% block b %}"
                        "{% for line in order.lines %}{{ line.sum }}{{ loop.index }}{% endfor %}{{ m(range(limit)) }}"
                        "{{ body.title }}{{ order.id }}{{ _('x') }}{% endblock %}")
    host.write_template("one.html.yaml", "required: [order.id]\n")
    told = set(warnings(host, "", "--fields"))
    assert {"one.html:2: body.%s is used and not required" % path for path in ("order.lines", "limit", "title")} | {
        "base.html:2: body.shop is used and not required"} == {text for text in told if "one.html" in text or "base" in text}


def test_check_reads_catalogues_and_takes_none_for_a_template(host):
    good_templates(host)
    for locale, data in (("de", "no catalogue"), ("b ad", "x")):
        host.write_template("locale/%s/LC_MESSAGES/messages.mo" % locale, data)
        host.write_template("locale/%s/LC_MESSAGES/messages.po" % locale, "{% nothing %}")
    host.configure(templates={"locale": "fr_CA"})
    told = [line for line in lines(ctl(host, "check")) if "locale" in line[1]]
    assert told == [["warn", "locale: \"b ad\" is no locale, such as de or pt_BR"],
                    ["FAIL", "locale: locale/de/LC_MESSAGES/messages.mo: the file is no GNU message catalogue (.mo)"],
                    ["warn", "locale: there is no catalogue locale/fr_CA/LC_MESSAGES/messages.mo"]]


def test_check_has_nothing_to_say_of_the_shipped_templates(host):
    host.configure(templates={"directory": os.path.join(TOP, "templates")})
    assert not [text for _, text in lines(ctl(host, "check")) if text.startswith("template:")]


def test_check_warns_of_a_redis_that_forgets(host):
    good_templates(host)
    result = ctl(host, "check")
    assert result.status == 0
    assert re.search(r"^warn redis: ", result.out, re.M)


def test_check_without_redis(host):
    good_templates(host)
    host.redis.kill()
    result = ctl(host, "check")
    assert result.status == 1 and re.search(r"^FAIL redis: ", result.out, re.M)
    assert re.search(r"^ok +relay main", result.out, re.M)


@pytest.mark.parametrize("changes,words", [
    ({"password_file": "wrong"}, "535"),
    ({"ca_file": "stranger"}, "certificate"),
    ({"host": "127.0.0.2"}, ""),
])
def test_check_of_a_relay(host, tls_directory, changes, words):
    good_templates(host)
    if "password_file" in changes:
        path = os.path.join(host.directory, "wrong")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write("wrong\n")
        changes = {"password_file": path}
    if "ca_file" in changes:
        changes = {"ca_file": os.path.join(tls_directory, "stranger.pem")}
    host.configure(relays={"main": changes})
    result = ctl(host, "check")
    assert result.status == 1
    [line] = [text for word, text in lines(result) if word == "FAIL"]
    assert line.startswith("relay main: ") and words in line


def test_check_of_a_relay_that_wants_a_certificate(make_host, tls_directory):
    own, other = (os.path.join(tls_directory, name) for name in ("client", "server"))
    host = make_host(relay_options={"client_ca": os.path.join(tls_directory, "ca.pem")})
    good_templates(host)
    for files, status, words in (
            ({}, 1, "set relays.main.cert_file and relays.main.key_file"),
            ({"cert_file": own + ".pem", "key_file": other + ".key"}, 1, "is not the key of the certificate"),
            ({"cert_file": own + ".pem", "key_file": own + ".key"}, 0, "TLS, certificate verified")):
        host.configure(relays={"main": files})
        result = ctl(host, "check")
        [line] = [text for _, text in lines(result) if text.startswith("relay main: ")]
        assert words in line and result.status == status, result.out


def test_check_of_a_bad_configuration(host):
    host.configure(message={"max_size": "big"}, qeues={})
    result = ctl(host, "check")
    assert result.status == 1
    assert all(word == "FAIL" for word, _ in lines(result)) and len(lines(result)) == 2


# ---- what the manual says -----------------------------------------------

def test_the_documented_rights_suffice(make_host):
    """The ACL line of postriderd(8) lets a message be retried, delivered and trimmed."""
    with open(os.path.join(TOP, "man", "postriderd.8"), encoding="utf-8") as file:
        words = re.search(r"^ACL SETUSER postrider (.*?)^\.Ed", file.read(), re.M | re.S)[1].split()
    host = make_host()
    host.client.execute_command("ACL", "SETUSER", "postrider", *words)
    path = os.path.join(host.directory, "redis.password")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        file.write("secret\n")
    host.configure(redis={"username": "postrider", "password_file": path})
    host.start()
    host.push(email_to=["rcpt451x1-x@example.com"])
    host.push(template_name="absent.html")
    host.wait_messages(1)
    host.wait_dead(1)
    assert host.stop() == 0
    host.start(dead={"keep": "1ms"})    # at its start it looks for what was kept long enough
    host.wait_log("dead message removed, dead.keep or dead.max reached")
    assert ctl(host, "status").status == 0
    assert host.stop() == 0
    text = host.read_log()
    assert "NOPERM" not in text and "permission" not in text.lower()
