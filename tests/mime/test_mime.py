#!/usr/bin/python3
"""Reads built mails back with Python's email package, which shares no code with them.

Of each mail: lines end in CRLF and in nothing else, none is too long, and what
was put in comes out again, to the character.
"""
import email.header
import email.parser
import email.policy
import email.utils
import json
import os
import random
import re
import subprocess
import sys

BUILD = os.path.join(os.environ.get("top_builddir", "."), "tests/mime/build_mail")


def mail(**over):
    """The input of one mail."""
    base = {"from": {"name": "Example", "spec": "no-reply@example.com"},
            "to": [{"spec": "ann@example.org"}], "cc": [], "subject": "Hello",
            "message_id": "01JD.1@mail.example.com", "date": 1763921614,
            "type": "text/html", "content": "<p>Hello</p>\n"}
    return {**base, **over}


def build(mails):
    """[bytes of the mail, or the text of the error]"""
    text = "".join(json.dumps(m) + "\n" for m in mails)
    done = subprocess.run([BUILD], input=text.encode(), stdout=subprocess.PIPE, check=True)
    out, rest = [], done.stdout
    while rest:
        head, _, rest = rest.partition(b"\n")
        word, _, more = head.partition(b" ")
        if word == b"error":
            out.append(more.decode())
        else:
            out.append(rest[:int(more)])
            rest = rest[int(more):]
    assert len(out) == len(mails), (len(out), len(mails))
    return out


def check_bytes(raw):
    assert raw.endswith(b"\r\n")
    assert not re.search(rb"[^\r]\n|\r[^\n]|\0", raw), "an end of line other than CRLF"
    head, _, body = raw.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        assert all(0x20 <= c < 0x7f for c in line), line
        assert not line.endswith(b" "), line
        assert len(line) <= 76 or len(line.split()) <= 2, line
        assert len(line) <= 998
    for word in re.findall(rb"=\?UTF-8\?[QB]\?[^?]*\?=", head):
        assert len(word) <= 75, word
        email.header.decode_header(word.decode())[0][0].decode("utf-8")    # whole characters
    encoding = re.search(rb"Content-Transfer-Encoding: (.*)", head).group(1).strip()
    most = {b"7bit": 510, b"quoted-printable": 76, b"base64": 76}[encoding]
    for line in body.split(b"\r\n"):
        assert len(line) <= most and not line.endswith((b" ", b"\t")), (encoding, line)
        assert all(c == 9 or 0x20 <= c < 0x7f for c in line), line
    return encoding.decode()


def people(raw, field):
    """[(name, address)]; the names by Python's older reader, since the newer one puts
    spaces between the encoded words of a display name (it does not of a subject)."""
    line = email.parser.BytesParser(policy=email.policy.compat32).parsebytes(raw)[field]
    pairs = email.utils.getaddresses([re.sub(r"\r?\n", "", line)]) if line else []
    return [(str(email.header.make_header(email.header.decode_header(name))), address) for name, address in pairs]


def check_meaning(given, raw):
    read = email.parser.BytesParser(policy=email.policy.default).parsebytes(raw)
    assert not read.defects, read.defects
    assert read["subject"] == given["subject"].replace("\t", " "), (read["subject"], given["subject"])
    for field in ("from", "to", "cc"):
        wanted = given[field] if isinstance(given[field], list) else [given[field]]
        assert len(read.get_all(field, [])) == (1 if wanted else 0)
        specs = [a.addr_spec for a in read[field].addresses] if read[field] else []
        assert specs == [p["spec"] for p in wanted], (field, specs, wanted)
        if not any(p.get("name") for p in wanted):    # the older reader knows no address literal
            continue
        got = people(raw, field)
        assert got == [(p.get("name") or "", p["spec"]) for p in wanted], (field, got, wanted)
    assert read["date"].datetime.timestamp() == given["date"]
    assert read["message-id"] == "<%s>" % given["message_id"]
    assert read["mime-version"] == "1.0"
    assert read.get_content_type() == given["type"] and read.get_content_charset() == "utf-8"
    assert read["bcc"] is None
    text = re.sub(r"\r\n|\r", "\n", given["content"])
    if text and not text.endswith("\n"):
        text += "\n"
    got = read.get_payload(decode=True).decode().replace("\r\n", "\n")
    assert got == text, (got[:200], text[:200])


def check(mails):
    """The encodings that were chosen."""
    chosen = []
    for given, raw in zip(mails, build(mails)):
        assert isinstance(raw, bytes), raw
        chosen.append(check_bytes(raw))
        check_meaning(given, raw)
    return chosen


SUBJECTS = [
    "", "Hello", "a" * 60, "a" * 61, "a" * 2000, "word " * 300 + "end",
    "Ihre Bestellung bei Müller & Söhne vom 23. November ist unterwegs und kommt morgen früh",
    "안녕하세요 여러분 주문이 확인되었습니다. 내일 오전 중으로 배송될 예정입니다. 감사합니다 고객님",
    "가" * 2000, "😀" * 500, "👩‍👩‍👧‍👦" * 100, "שלום עולם, ההזמנה שלך אושרה", "مرحبا بالعالم، تم تأكيد طلبك",
    "=?UTF-8?Q?not_a_word?=", "x =?= y", "=?", " leading", "trailing ", "  two  spaces  ", " ", "   ",
    "a\ttab", "?= ?=", "ü", "ü ü", "a ü b", "plain " * 20 + "ü" + " plain" * 20, "\u2028", "ﬀ", "e\u0301" * 200,
    ":", "a:b", "x" * 60 + " " + "y" * 60, "back\\slash \"quotes\" (parens) <angle> , ; @",
]

NAMES = [
    "Ann", "Ann B. Cee", "Acme, Inc.", "Ann \"Bo\" B", "back\\slash", "O'Neil", "a@b.c", "(Sales)", "김철수",
    "Jürgen Groß von und zu Hohenlohe-Schillingsfürst-Langenburg der Jüngere von Bartenstein",
    "=?UTF-8?Q?x?=", "😀" * 100, "A" * 300, "Very Long Name Of A Company " * 8 + "Ltd.", "x  y", "<b>", ";", "ü,ö",
]


def test_subjects():
    check([mail(subject=s) for s in SUBJECTS])


def test_names():
    check([mail(**{"from": {"name": n, "spec": "a@b.example"}}) for n in NAMES])
    check([mail(to=[{"name": n, "spec": "a%d@b.example" % i} for i, n in enumerate(NAMES)])])


def test_many_recipients_fold():
    specs = [{"spec": "someone-%d@department-%d.example.com" % (i, i % 7)} for i in range(500)]
    named = [{"name": random.Random(i).choice(NAMES), **s} for i, s in enumerate(specs)]
    check([mail(to=specs), mail(to=named, cc=specs)])


def test_long_addresses():
    long = "l" * 64 + "@" + ".".join(["d" * 59] * 3) + ".example"
    check([mail(to=[{"spec": long}], cc=[{"name": "김", "spec": long}, {"spec": long}])])
    check([mail(to=[{"spec": s}]) for s in ('"john doe"@b.example', "a@[192.0.2.1]", "a+b=c@xn--mnchen-3ya.de")])


CONTENTS = [
    ("", "7bit"), ("x", "7bit"), ("x\n", "7bit"), ("a\r\nb\rc\n", "7bit"), ("\n\n\n", "7bit"), ("\r", "7bit"),
    ("a" * 510, "7bit"), ("a" * 511, "quoted-printable"), ("a" * 100000, "quoted-printable"),
    ("trailing \nspace\t\n", "quoted-printable"), (" ", "quoted-printable"), ("\t\r\n", "quoted-printable"),
    ("From me\n", "quoted-printable"), ("Grüße\n", "base64"), ("Viele Grüße aus München\n", "quoted-printable"), ("한국어 " * 50, "base64"),
    (".\n..\n.x\n", "7bit"), ("=3D=\n" * 5, "7bit"), ("\x01\x1b\f", "base64"), ("a\x01" + "b" * 20, "quoted-printable"),
    ("<td style=\"x\">ü</td>\n" * 400, "quoted-printable"), ("a" * 75 + " " + "b" * 75, "7bit"),
    ("ü" + "a" * 74 + " \n" + "a" * 75 + "\t\n" + "=" * 30 + "a" * 300, "quoted-printable"),
    ("😀" * 1000, "base64"), ("\n" + "한" * 400 + "\r\n\r\n", "base64"), ("é" + "x" * 1000 + "\r", "quoted-printable"),
]


def test_contents():
    chosen = check([mail(content=c) for c, _ in CONTENTS])
    assert chosen == [e for _, e in CONTENTS], [(c[0][:20], c[1], e) for c, e in zip(CONTENTS, chosen) if c[1] != e]
    check([mail(content=c, type="text/plain") for c, _ in CONTENTS])


def test_random_mails():
    rng = random.Random(7)
    letters = ["a", "b", "Z", "0", " ", " ", " ", "=", "?", "_", ".", ",", "\"", "\\", "(", "<", "@", "ü", "한", "😀", "\u0301", "é"]
    def text(most, more=()):
        return "".join(rng.choice(letters + list(more)) for _ in range(rng.randrange(most)))
    def person():
        # A display name as address.c hands it on: without space at its ends.
        return {"name": text(120).strip() or "x", "spec": "a%d@b.example" % rng.randrange(10**rng.randrange(1, 30))}
    check([mail(subject=text(300), **{"from": person()}, to=[person() for _ in range(rng.randrange(1, 20))],
                content=text(3000, ["\n", "\r\n", "\t", "aaaaaaaaaaaaaaaa"])) for _ in range(400)])


def test_what_is_refused():
    cases = [(mail(subject="a\r\nBcc: x@y.z"), "the subject holds"), (mail(subject="\x7f"), "the subject holds"),
             (mail(message_id="x"), "the Message-ID has"), (mail(message_id="a@b>\r\nX: y"), "the Message-ID holds"),
             (mail(content="a\0b"), "holds a NUL character at byte 1"), (mail(date=10**15), "the date"),
             (mail(to=[{"name": "a\nb", "spec": "a@b.c"}]), "a display name in To holds"),
             (mail(cc=[{"spec": "a@b.c\r\nX: y"}]), "not printable"), (mail(cc=[{"spec": "a@b>c"}]), "domain")]
    for (given, why), got in zip(cases, build([c for c, _ in cases])):
        assert isinstance(got, str) and why in got, (given, why, got)


def main():
    tests = [(n, f) for n, f in sorted(globals().items()) if n.startswith("test_")]
    wanted = sys.argv[1:]
    tests = [t for t in tests if not wanted or t[0] in wanted]
    failed = 0
    print("1..%d" % len(tests))
    for number, (name, test) in enumerate(tests, 1):
        try:
            test()
            print("ok %d - %s" % (number, name))
        except AssertionError as error:
            failed += 1
            print("not ok %d - %s\n# %s" % (number, name, repr(error)[:2000]))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
