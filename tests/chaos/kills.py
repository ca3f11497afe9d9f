#!/usr/bin/python3
"""Doubles per 1,000 kills of a worker, and how long recovery takes.

    tests/chaos/kills.py [--kills N] [--runs N]

Workers are killed (SIGKILL) at random instants while mail flows through a
relay that answers quickly and refuses nothing.  Counted are the kills that hit
a message in flight, those that left it in doubt (behind the final dot, or just
before it, where nobody can know), the mails that arrived twice, and how many
messages all workers together had in hand when one was killed.  Then the
times from a death to the delivery of what was in hand: of a worker, of a
supervisor, of a host.
"""
import argparse
import collections
import json
import os
import random
import shutil
import signal
import statistics
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "whole"))
from harness import Host, wait_for  # noqa: E402

# Behind a worker's death nothing waits: these are the delays one has to reckon with.
LEASE = "3s"


def message(number):
    return json.dumps({"id": "k-%d" % number, "template_name": "plain.html", "title": "k-%d" % number,
                       "email_to": ["a%d@example.com" % number], "body": {"name": "x" * 2000}})


def count_kills(directory, kills):
    pushed, killed, in_hand = 0, set(), collections.Counter()
    with Host(directory, relay_options={"no_log_commands": True}) as host:
        host.start(queues={"default": {"workers": 4}}, retry={"base": "50ms"})
        while len(killed) < kills:
            if host.client.llen(host.key()) < 200:
                host.push_raw(*map(message, range(pushed, pushed + 200)))
                pushed += 200
            time.sleep(random.uniform(0, 0.02))
            # One that was killed before may still be shown.
            workers = host.workers()
            busy = [w["pid"] for w in workers if w["counts"]["taken"] and w["pid"] not in {0, *killed}]
            if busy:
                pid = random.choice(busy)
                os.kill(pid, signal.SIGKILL)
                killed.add(pid)
                in_hand[sum(w["state"] == "busy" for w in workers)] += 1
        host.wait_empty(120)
        stages = collections.Counter(line.get("stage", "idle") for line in host.log("child died"))
        arrived = collections.Counter(m["rcpt_to"][0] for m in host.messages())
        doubted = len(host.log("message in doubt, may be sent more than once"))
        return {"kills": len(killed), "messages": pushed, "in flight": sum(stages.values()) - stages["idle"],
                "in doubt": doubted, "doubles": sum(n - 1 for n in arrived.values()),
                "lost": pushed - len(arrived), "stages": dict(stages),
                "messages in hand at a kill": dict(sorted(in_hand.items()))}


def recovery_times(directory, runs):
    """Seconds from the death to the delivery of the message in hand, by who died."""
    found = collections.defaultdict(list)
    for run in range(runs):
        for who in ("worker", "supervisor", "host"):
            place = os.path.join(directory, "%s-%d" % (who, run))
            with Host(place, name="one") as host:
                host.relay.rules({"stage": "mail", "times": 1, "do": {"stall": True}})
                host.start(queues={"default": {"workers": 1}}, redis={"lease": LEASE})
                host.push(id="m")
                wait_for(lambda: host.workers()[0]["stage"] == "mail", what="stage mail")
                if who == "host":
                    other = Host(place + "-other", name="two", redis=host.redis, relay=host.relay)
                    other.start(queues={"default": {"workers": 1}}, redis={"lease": LEASE})
                began = time.monotonic()
                if who == "worker":
                    os.kill(host.worker_pids()[0], signal.SIGKILL)
                else:
                    host.kill()
                if who == "supervisor":
                    host.start(wait=False)
                host.wait_messages(1)
                found[who].append(time.monotonic() - began)
                if who == "host":
                    other.close()
    return {who: round(statistics.median(times), 3) for who, times in found.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5, help="for the recovery times")
    options = parser.parse_args()
    directory = tempfile.mkdtemp(prefix="postrider-kills-")
    try:
        result = count_kills(os.path.join(directory, "kills"), options.kills)
        print(json.dumps(result))
        print("median recovery, seconds, with a lease of %s: %s"
              % (LEASE, json.dumps(recovery_times(directory, options.runs))))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return 1 if result["lost"] else 0


if __name__ == "__main__":
    sys.exit(main())
