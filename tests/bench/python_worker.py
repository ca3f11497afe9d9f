#!/usr/bin/python3
"""The worker that postrider replaces, as team after team writes it.

    python_worker.py REDIS_SOCKET QUEUE TEMPLATES SMTP_HOST SMTP_PORT

redis-py, Jinja2 with a cached environment, email.mime and smtplib on a
connection that is kept.  It takes with BLPOP, so a worker that dies loses its
message; that is part of what is compared.
"""
import json
import smtplib
import sys
from email.header import Header
from email.mime.text import MIMEText
from email.utils import formatdate, make_msgid

import jinja2
import redis


def build(environment, message):
    body = message.get("body", {})
    html = environment.get_template(message["template_name"]).render(body=body, **body)
    mail = MIMEText(html, "html", "utf-8")
    mail["From"] = message["email_from"]
    mail["To"] = ", ".join(message["email_to"])
    mail["Subject"] = Header(message["title"], "utf-8")
    mail["Date"] = formatdate()
    mail["Message-ID"] = make_msgid(domain="example.com")
    return mail.as_bytes()


def main():
    socket, queue, templates, host, port = sys.argv[1:]
    client = redis.Redis(unix_socket_path=socket)
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(templates), autoescape=True)
    relay = smtplib.SMTP(host, int(port))
    while True:
        taken = client.blpop(queue, 0)
        message = json.loads(taken[1])
        relay.sendmail(message["email_from"], message["email_to"], build(environment, message))


if __name__ == "__main__":
    main()
