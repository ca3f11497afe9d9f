#!/usr/bin/python3
"""Everything that can die dies, at random instants; then everything is counted.

    tests/chaos/chaos.py [--seed N] [--seeds COUNT] [--messages N] [--tls starttls|implicit]

One run: a daemon with three workers, a Redis that writes every change down,
a relay that answers what the recipients' addresses say (refusals, 4xx, cut
lines, silence after the dot), and valid, hostile and poisoned messages mixed.
Meanwhile workers, retry child, supervisor and Redis are killed, frozen,
told to stop, restarted and reloaded.  Then the audit:

  * each recipient of each valid message was accepted, or stands in the dead
    store: nothing is lost;
  * one that was accepted twice belongs to a message of which the daemon said
    that it is in doubt: no double is unexplained;
  * nothing invalid went out; nothing is left in anybody's hands; no process,
    descriptor or memory is left over.

The last line says what was counted; the exit status is 1 when anything was
lost, doubled without explanation, or left.  The same seed makes the same
messages and the same plan of disasters (their instants depend on the machine).
"""
import argparse
import collections
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "whole"))
from harness import Host, children_of, wait_for  # noqa: E402

# What a recipient's address makes the relay do; "" is a plain one.
PLAIN = [""] * 30
TROUBLE = ["rcpt451x1", "rcpt450x2", "dot451x1", "mail451x1", "data451x1", "rcpt550", "dot554",
           "maildropx1", "rcptdropx1", "datadropx1", "bodydropx1", "bodyresetx1", "dotdropx1",
           "dotresetx1", "mail421x1", "data421x1"]

HOSTILE = [
    b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"template_name": 7}', b"@01ARZ3NDEKTSV4RRFFQ69G5FAV",
    b'{"template_name": "../../etc/passwd", "email_to": ["x@example.com"]}',
    b'{"template_name": "plain.html", "email_to": ["x@example.com\\r\\nRCPT TO:<y@example.com>"]}',
    b'{"template_name": "plain.html", "email_to": ["x@example.com"], "title": "a\\r\\nBcc: y@example.com"}',
    b'{"template_name": "plain.html", "email_to": ["x@example.com"], "body": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    b'{"template_name": "raises.html", "email_to": ["x@example.com"], "title": "hostile"}',
    b'{"template_name": "plain.html", "email_to": [], "title": "hostile"}',
]


class Run:
    def __init__(self, seed, messages, tls, directory):
        self.random = random.Random(seed)
        self.seed, self.count = seed, messages
        self.expected = {}              # id -> recipients
        self.hostile = 0
        self.kills = collections.Counter()
        self.host = Host(directory, name="chaos", redis_options={"aof": True},
                         relay_options={"tls": tls})
        self.host.configure(
            queues={"default": {"workers": 3}}, redis={"lease": "2s", "command_timeout": "3s"},
            relays={"main": {"tls": tls, "idle_timeout": "2s", "max_messages": 50}},
            retry={"base": "100ms", "cap": "1s", "max_attempts": 12}, stop_timeout="5s")

    # -- what is pushed --

    def valid(self, number):
        marks = [self.random.choice(PLAIN + TROUBLE) for _ in range(self.random.choice((1, 1, 1, 2, 3)))]
        recipients = ["%sm%dr%d@example.com" % (mark + "-" if mark else "", number, i)
                      for i, mark in enumerate(marks)]
        name = "c%d-%d" % (self.seed, number)
        self.expected[name] = recipients
        return json.dumps({"id": name, "template_name": "plain.html", "email_to": recipients,
                           "title": name, "body": {"name": "x" * self.random.choice((1, 100, 20000))}})

    def push_some(self, numbers):
        elements = []
        for number in numbers:
            elements.append(self.valid(number))
            if self.random.random() < 0.05:
                elements.append(self.random.choice(HOSTILE))
                self.hostile += 1
        self.patiently(lambda: self.host.push_raw(*elements))

    def patiently(self, action):
        """Redis may be away just now; producers try again, too."""
        for _ in range(200):
            try:
                return action()
            except Exception:   # redis.ConnectionError, BusyLoadingError, ...
                time.sleep(0.05)
                self.host.client = self.host.redis.client()
        raise RuntimeError("Redis did not come back")

    # -- disasters --

    def worker(self):
        try:
            pids = [pid for pid in self.host.worker_pids() if os.path.exists("/proc/%d" % pid)]
        except (OSError, ValueError):
            pids = []
        return self.random.choice(pids) if pids else None

    def send(self, pid, number):
        try:
            os.kill(pid, number)
            return True
        except (ProcessLookupError, TypeError):
            return False

    def kill_worker(self):
        self.kills["worker"] += self.send(self.worker(), signal.SIGKILL)

    def crash_worker(self):
        # Not twice under one message: SEGV counts against it, and a poisoned one is
        # rightly put away; the audit accepts that.
        self.kills["worker crash"] += self.send(self.worker(), signal.SIGSEGV)

    def freeze(self, pid, name):
        if self.send(pid, signal.SIGSTOP):
            self.kills[name] += 1
            time.sleep(self.random.uniform(0.05, 2.5))
            self.send(pid, signal.SIGCONT)

    def freeze_worker(self):
        self.freeze(self.worker(), "freeze")

    def freeze_retrier(self):
        self.freeze(self.retrier(), "retrier freeze")

    def freeze_supervisor(self):
        self.freeze(self.host.daemon.pid, "supervisor freeze")

    def end_child(self):
        """Not by its supervisor: it goes as if it had been asked, and is replaced."""
        self.kills["child term"] += self.send(self.random.choice((self.worker(), self.retrier())), signal.SIGTERM)

    def hang_up_child(self):
        self.kills["child hup"] += self.send(self.random.choice((self.worker(), self.retrier())), signal.SIGHUP)

    def retrier(self):
        try:
            return self.host.status()["retrier"]["pid"] or None
        except (OSError, ValueError):
            return None

    def kill_retrier(self):
        self.kills["retrier"] += self.send(self.retrier(), signal.SIGKILL)

    def kill_supervisor(self):
        self.kills["supervisor"] += 1
        self.host.kill()
        self.host.start(wait=False)

    def restart_daemon(self):
        self.kills["restart"] += 1
        self.host.stop()
        self.host.start(wait=False)

    def reload(self):
        try:
            self.host.status()      # before it listens, SIGHUP is its end, as of any program that has just begun
        except (OSError, ValueError):
            return
        self.kills["reload"] += 1
        self.host.signal(signal.SIGHUP)

    def restart_redis(self):
        self.kills["redis restart"] += 1
        self.host.redis.restart(kill=self.random.random() < 0.5)
        self.host.client = self.host.redis.client()

    def freeze_redis(self):
        self.kills["redis freeze"] += 1
        self.host.redis.freeze()
        time.sleep(self.random.uniform(0.1, 1.5))
        self.host.redis.thaw()

    def cut_clients(self):
        self.kills["client kill"] += 1
        self.patiently(lambda: self.host.client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"))

    def cut_idle_sessions(self):
        self.kills["idle cut"] += 1
        self.host.relay.control(close_idle=self.random.choice(("fin", "rst", "421 4.4.2 idle")))

    def disaster(self):
        weighted = [(self.kill_worker, 10), (self.crash_worker, 1), (self.freeze_worker, 2), (self.kill_retrier, 2),
                    (self.freeze_retrier, 1), (self.freeze_supervisor, 1), (self.end_child, 2), (self.hang_up_child, 1),
                    (self.kill_supervisor, 1), (self.restart_daemon, 1), (self.reload, 2),
                    (self.restart_redis, 1), (self.freeze_redis, 1), (self.cut_clients, 3),
                    (self.cut_idle_sessions, 3)]
        actions, weights = zip(*weighted)
        self.random.choices(actions, weights)[0]()

    # -- the run --

    def run(self):
        self.host.start()
        pushed = 0
        while pushed < self.count:
            batch = min(self.random.randint(1, 20), self.count - pushed)
            self.push_some(range(pushed, pushed + batch))
            pushed += batch
            time.sleep(self.random.uniform(0, 0.15))
            if self.random.random() < 0.6:
                self.disaster()
        wait_for(self.settled, 120, "the end of all retries; left: %s" % self.host.left())
        children = children_of(self.host.daemon.pid)
        footprints = [self.footprint(pid) for pid in (self.host.daemon.pid, *children)]
        status = self.host.stop()
        return self.audit(footprints, children, status)

    def footprint(self, pid):
        """(descriptors, resident kB) of a process."""
        with open("/proc/%d/statm" % pid) as file:
            resident = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
        return len(os.listdir("/proc/%d/fd" % pid)), resident

    def settled(self):
        """Twice in a row: a message may move on between two counts."""
        for _ in range(2):
            left = self.patiently(self.host.left)
            if left["queued"] or left["processing"] or left["retry"] or left["records"] != left["dead"]:
                return False
            time.sleep(0.05)
        # An owner that died empty-handed is taken out once its death is proven, or by the
        # worker that follows in its slot: when all live only their own are there.
        try:
            living = self.host.status()["instance"].encode() + b":"
            if not self.retrier() or len(self.host.worker_pids()) < 3:
                return False
        except (OSError, ValueError):
            return False
        owners = self.patiently(lambda: self.host.client.smembers(self.host.key("owners")))
        return all(owner.startswith(living) for owner in owners)

    def audit(self, footprints, children, status):
        accepted = collections.Counter()
        foreign = []
        for mail in self.host.messages():
            head = mail["data"].split(b"\r\n\r\n", 1)[0].decode("ascii", "replace")
            name = next((line[9:] for line in head.split("\r\n") if line.startswith("Subject: ")), "?")
            if name not in self.expected:
                foreign.append(name)
            for recipient in mail["rcpt_to"]:
                accepted[name, recipient] += 1
        dead = {r.get("producer_id"): {p["address"]: p["state"] for p in r.get("recipients", ())}
                for r in self.host.records("dead")}
        # A message that killed a worker before it was read has no id in its record.
        for record_id in self.host.client.zrange(self.host.key("dead"), 0, -1):
            message = self.host.client.hget(self.host.key("message"), record_id)
            try:
                dead.setdefault(json.loads(message)["id"], {})
            except (ValueError, KeyError, TypeError, RecursionError):
                continue
        doubted = {line.get("id") for line in self.host.log("message in doubt, may be sent more than once")}
        lost = [(name, r) for name, recipients in self.expected.items() for r in recipients
                if not accepted[name, r] and name not in dead]
        not_counted = [(name, r) for name, recipients in self.expected.items() for r in recipients
                       if not accepted[name, r] and dead.get(name, {}).get(r) == "sent"]
        doubles = [key for key, times in accepted.items() if times > 1]
        unexplained = [key for key in doubles if key[0] not in doubted]
        left = self.host.left()
        faults = {
            "lost": lost + not_counted, "unexplained doubles": unexplained, "foreign mail": foreign,
            "left": [k for k, v in left.items() if v and k in ("queued", "processing", "retry", "marks")],
            "records": [] if left["records"] == left["messages"] == left["dead"] else [left],
            "owners": sorted(self.host.client.smembers(self.host.key("owners"))),
            "processes": [pid for pid in children if os.path.exists("/proc/%d/exe" % pid)],
            # After all of this as few as at the start: what leaks at each turn would show.
            "descriptors": [n for n, _ in footprints if n > 15],
            "memory": [kb for _, kb in footprints if kb > 25000],
            "exit status": [] if status == 0 else [status],
        }
        result = {"seed": self.seed, "messages": len(self.expected), "hostile": self.hostile,
                  "recipients": sum(map(len, self.expected.values())), "accepted": sum(accepted.values()),
                  "dead": left["dead"], "doubles": len(doubles), "in doubt": len(doubted),
                  "lost": len(lost) + len(not_counted), "unexplained": len(unexplained), "disasters": dict(self.kills)}
        return result, {name: found for name, found in faults.items() if found}


def run_once(seed, messages, tls, keep=False):
    directory = tempfile.mkdtemp(prefix="postrider-chaos-")
    run = Run(seed, messages, tls, directory)
    try:
        result, faults = run.run()
    except Exception:
        sys.stderr.write("seed %d, %s: %s\n" % (seed, tls, run.host.read_log()[-8000:]))
        raise
    finally:
        run.host.close()
        if not keep:
            shutil.rmtree(directory, ignore_errors=True)
    return result, faults


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=1, help="so many, from --seed on")
    parser.add_argument("--messages", type=int, default=500)
    parser.add_argument("--tls", choices=("starttls", "implicit", "both"), default="starttls")
    parser.add_argument("--keep", action="store_true", help="keep the directories")
    options = parser.parse_args()
    total, failed = collections.Counter(), 0
    for seed in range(options.seed, options.seed + options.seeds):
        for tls in ("starttls", "implicit") if options.tls == "both" else (options.tls,):
            result, faults = run_once(seed, options.messages, tls, options.keep)
            print(tls, json.dumps(result), flush=True)
            if faults:
                failed += 1
                print("  FAULTS", json.dumps(faults, default=str)[:3000], flush=True)
            for key in ("messages", "recipients", "accepted", "doubles", "lost", "unexplained"):
                total[key] += result[key]
            total["worker kills"] += result["disasters"].get("worker", 0)
    print("in all:", json.dumps(total), "%d runs with faults" % failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
