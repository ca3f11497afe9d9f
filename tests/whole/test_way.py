"""The straight way: what is pushed arrives, as it should look."""
import json

import pytest

from harness import Host, parse, wait_for
from smuggling import ENDS, SMUGGLED


def test_a_message_arrives_over_tls_and_auth(host):
    host.start()
    host.push(id="m-1", email_to="Anna <anna@example.com>", title="Grüße", body={"name": "Ännchen & Co"})
    message = host.wait_messages(1)[0]
    assert message["mail_from"] == "no-reply@example.com"
    assert message["rcpt_to"] == ["anna@example.com"]
    assert message["user"] == "mailer" and message["tls"]
    mail = parse(message["data"])
    assert mail["Subject"] == "Grüße"
    assert mail["From"] == "Example <no-reply@example.com>"
    assert mail["To"] == "Anna <anna@example.com>"
    assert mail.get_content_type() == "text/html"
    assert mail.get_content().strip() == "<p>Hello Ännchen &amp; Co</p>"
    host.wait_empty()
    line = host.wait_log("message delivered", id="m-1")[0]
    assert (line["relay"], line["code"]) == ("main", 250)
    assert host.left() == {"queued": 0, "processing": {}, "retry": 0, "dead": 0, "records": 0,
                           "messages": 0, "marks": 0}


@pytest.fixture(scope="module")
def lenient(tmp_path_factory, tls_directory):
    """One daemon and one careless server for a whole corpus."""
    with Host(tmp_path_factory.mktemp("lenient"), tls_directory=tls_directory, relay_options={"lenient": True}) as host:
        yield host.start()


def test_bcc_is_in_the_envelope_only(host):
    host.start()
    host.push(email_to=["a@example.com", "B <b@example.com>"], cc=["c@example.com"],
              bcc=["hidden@example.com"], body={"name": "x"})
    message = host.wait_messages(1)[0]
    assert message["rcpt_to"] == ["a@example.com", "b@example.com", "c@example.com", "hidden@example.com"]
    assert b"hidden" not in message["data"]
    mail = parse(message["data"])
    assert mail["Cc"] == "c@example.com" and mail["Bcc"] is None


def test_one_session_a_worker(host):
    host.start(queues={"default": {"workers": 1}})
    for number in range(20):
        host.push(id="m-%d" % number)
    host.wait_messages(20)
    assert {m["session"] for m in host.messages()} == {1}
    assert len(host.relay.events("auth")) == 1


def test_text_templates_are_plain_and_not_escaped(host):
    host.start()
    host.push(template_name="note.txt", body={"name": "<b>"})
    mail = parse(host.wait_messages(1)[0]["data"])
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content() == "Hello <b>\r\n"


def test_a_changed_template_is_taken_up_by_the_next_message(host):
    host.start(queues={"default": {"workers": 1}})
    host.push()
    host.wait_messages(1)
    host.write_template("plain.html", "<p>Changed</p>\n")
    host.write_template("new.html", "<p>New</p>\n")
    host.push()
    host.push(template_name="new.html")
    texts = [parse(m["data"]).get_content().strip() for m in host.wait_messages(3)]
    assert texts[1:] == ["<p>Changed</p>", "<p>New</p>"]


def test_what_is_wrong_with_a_message_is_said_in_one_error(host):
    host.start()
    host.push_raw(json.dumps({"id": "bad", "template_name": "nowhere.html", "email_to": ["no address"],
                              "titel": "x", "body": [1]}))
    record = host.wait_dead()[0]
    text = record["dead"]["reason"]
    for part in ("titel", "email_to", "body"):
        assert part in text
    assert record["dead"]["class"] == "invalid"
    assert host.client.hget(host.key("message"), record["id"])
    assert not host.messages()


def test_unknown_template_and_missing_fields(host):
    host.start()
    host.push(id="t", template_name="nowhere.html")
    host.push(id="f", template_name="strict.html", body={"name": "x"})
    reasons = {r["producer_id"]: r["dead"]["reason"] for r in host.wait_dead(2)}
    assert "nowhere.html" in reasons["t"]
    assert "order.id" in reasons["f"] and "name" not in reasons["f"].replace("order.id", "")


def test_template_errors_name_file_and_line(host):
    host.start()
    host.push(id="b", template_name="broken.html")
    host.push(id="r", template_name="raises.html")
    records = {r["producer_id"]: r for r in host.wait_dead(2)}
    for key, name in (("b", "broken.html"), ("r", "raises.html")):
        assert records[key]["dead"]["class"] == "template"
        assert name + ":2" in records[key]["dead"]["reason"]


def test_a_broken_file_of_required_fields_is_the_templates_fault(host):
    host.write_template("plain.html.yaml", "required: {name\n")
    host.start()
    host.push(id="m")
    record = host.wait_dead()[0]
    assert record["dead"]["class"] == "template" and "plain.html.yaml:" in record["dead"]["reason"]


LIMITS = {
    "output": ("2kB", "{{ x * 2001 }}", "the output is larger than 2000 bytes"),
    "memory": ("1MB", "{% set l = (x * 900000).split('x') %}", "the rendering needs more than 1000000 bytes of memory"),
    "iterations": (3000, "{% for i in range(3001) %}{% endfor %}", "the rendering takes more than 3000 steps"),
    "recursion": (7, "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
                  "maximum recursion depth exceeded: more than 7 nested macros, blocks and includes"),
    "range": (100, "{% for i in range(101) %}{% endfor %}", "a range gives more than 100 numbers"),
    "repetition": (2100, "{{ x * 2101 }}", "a repetition makes more than 2100 characters or items"),
    "power": (64, "{{ 2 ** 64 }}", "a power has more than 64 binary digits"),
    "width": (60, "{{ x|center(61) }}", "a field of 61 characters is wider than 60"),
    "time": ("50ms", "{% for i in range(90) %}{% for k in range(90) %}{% for l in range(90) %}{% for m in range(90) %}"
             "{% endfor %}{% endfor %}{% endfor %}{% endfor %}", "the rendering takes longer than 50 ms"),
}


def test_the_configured_limits_of_templates(host):
    """Each alone, since some of them meet the same template."""
    for key, (limit, template, error) in LIMITS.items():
        host.write_template("hostile.html", "<p>\n" + template)
        limits = {"range": 100, "iterations": 50000000} if key == "time" else {}
        host.start(templates={"limits": dict(limits, **{key: limit})})
        host.push(id=key, template_name="hostile.html", body={"x": "x"})
        host.push(id="good " + key)
        dead = {record["producer_id"]: record["dead"] for record in host.wait_dead(list(LIMITS).index(key) + 1)}
        assert dead[key]["class"] == "template"
        assert dead[key]["reason"] == "hostile.html:2: %s (templates.limits.%s)" % (error, key)
        host.wait_messages(list(LIMITS).index(key) + 1)
        assert host.stop() == 0
        host.configure(templates={"limits": None})


def test_the_settings_of_another_environment(host):
    host.write_template("other.txt", "% for i in list\n[[ i ]]<!-- no -->## and this not\n% endfor\n"
                        "<% if a.b.c is undefined %>\n[[ html ]]\n<% endif %>\n\n")
    host.start(templates={"undefined": "chainable", "autoescape": "always", "trim_blocks": True, "lstrip_blocks": True,
                          "keep_trailing_newline": True, "line_statement_prefix": "%", "line_comment_prefix": "##",
                          "block_start_string": "<%", "block_end_string": "%>", "variable_start_string": "[[",
                          "variable_end_string": "]]", "comment_start_string": "<!--",
                          "comment_end_string": "-->"})
    host.push(template_name="other.txt", body={"list": [1, 2], "html": "<"})
    assert parse(host.wait_messages(1)[0]["data"]).get_content() == "1\r\n2\r\n&lt;\r\n\r\n"


def test_several_queues(host):
    host.start(queues={"default": {"workers": 1}, "bulk": {"workers": 1, "relays": ["main"]}})
    host.push(queue="bulk", id="q-bulk")
    host.push(id="q-default")
    host.wait_messages(2)
    assert {line["worker"] for line in host.wait_log("message delivered", 2)} == {"bulk/1", "default/1"}


@pytest.mark.parametrize("end", ENDS, ids=repr)
def test_nothing_is_smuggled_in_any_field(lenient, end):
    """Refused, or data within its own mail; against a server that takes anything around a dot for the end."""
    evil = (end + SMUGGLED).decode("ascii")
    fields = {"title": "t" + evil, "id": "i" + evil, "template_name": "plain.html" + evil,
              "email_from": "a@example.com" + evil, "cc": ["c@example.com" + evil], "bcc": ["c@example.com" + evil]}
    texts = [("plain.html", {"name": "x" + evil}), ("note.txt", {"name": evil}), ("note.txt", {"name": "x" * 900 + evil})]
    before = len(lenient.messages()), lenient.left()["dead"]
    lenient.push(email_to=["b@example.com" + evil])
    lenient.push(email_to=['"b%s" <b@example.com>' % evil])
    for field, value in fields.items():
        lenient.push(**{field: value})
    for template, body in texts:
        lenient.push(template_name=template, body=body)
    refused = len(fields) + 2 + (len(texts) if "\0" in evil else 0)
    wait_for(lambda: lenient.left()["dead"] - before[1] == refused, what="all refused")
    lenient.wait_empty()
    arrived = lenient.messages()[before[0]:]
    assert [m["rcpt_to"] for m in arrived] == [["anna@example.com"]] * (len(fields) + 2 + len(texts) - refused)
    for message in arrived:
        assert "MAIL FROM:<evil@example.com>" in parse(message["data"]).get_content().replace("&lt;", "<").replace("&gt;", ">")
    assert not lenient.relay.events("violation")
