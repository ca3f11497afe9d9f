"""The machine lacks something: disk, descriptors, memory, processes, the right time.

Each time mail that can flow flows, nothing is lost or sent twice, and what was
short is back at once when there is enough again: postriderd(8), "When the
machine has too little".
"""
import os
import resource
import signal
import socket
import subprocess
import time

import pytest
import redis

from harness import BUILD, wait_for
from machine import Machine, cpu_seconds, limit, memory_now, no_more_descriptors
from redis_server import RedisServer

pytestmark = pytest.mark.slow


def in_stage(host, stage):
    return wait_for(lambda: next((w["pid"] for w in host.workers() if w["stage"] == stage), None),
                    what="a worker in stage " + stage)


def message_ids(host):
    return [m["data"].split(b"Message-ID:")[1].split(b"\r\n")[0] for m in host.messages()]


# ---- disk ----

def test_the_disk_of_redis_is_full(make_host):
    host = make_host(redis_options={"aof": True, "options": {"appendfsync": "everysec"}})
    host.relay.rules({"stage": "dot", "times": 1, "do": {"delay": 1, "reply": "normal"}})
    host.start(queues={"default": {"workers": 1}}, redis={"lease": "2s"})
    host.push(id="accepted")
    host.push(id="waits")
    in_stage(host, "final")
    old = limit(host.redis.pid, resource.RLIMIT_FSIZE, 1)
    line = host.wait_log("redis away, outcome kept in memory")[0]
    assert "MISCONF" in line["cause"]
    with pytest.raises(redis.RedisError, match="MISCONF"):
        host.push(id="refused")
    assert len(host.messages()) == 1        # and nothing new is taken
    limit(host.redis.pid, resource.RLIMIT_FSIZE, old)
    host.wait_log("redis back, outcome recorded")
    host.wait_messages(2)
    host.wait_empty()
    assert len(message_ids(host)) == len(set(message_ids(host))) == 2


def test_the_log_cannot_be_written(host):
    host.configure(queues={"default": {"workers": 1}})
    with open("/dev/full", "w") as full:
        host.daemon = subprocess.Popen([os.path.join(BUILD, "postriderd"), "-c", host.config_path],
                                       stdin=subprocess.DEVNULL, stdout=full, stderr=full)
    host.push()
    host.push_raw("no message at all")
    host.relay.wait(lambda events: any(e["event"] == "message" for e in events))
    wait_for(lambda: host.client.zcard(host.key("dead")) == 1, what="the dead message")
    assert host.stop() == 0


# ---- file descriptors ----

def test_a_worker_without_descriptors(host):
    host.start(queues={"default": {"workers": 1}})
    no_more_descriptors(host.worker_pids()[0])
    host.push(id="m")
    line = host.wait_log("child died")[0]
    assert line["exit"] == 70 and line["replaced_in"] == 1000
    assert "file descriptors" in host.wait_log("message deferred")[0]["cause"]
    host.wait_messages(1)                   # by its successor, whose limit is the old one
    host.wait_empty()
    assert len(host.messages()) == 1 and not host.left()["dead"]


def test_a_relay_cannot_be_reached_without_descriptors(host):
    """The template is in memory and Redis connected, so only the socket to the relay fails."""
    host.start(queues={"default": {"workers": 1}}, relays={"main": {"max_messages": 1}})
    host.push(id="first")
    host.wait_messages(1)
    host.relay.wait(lambda events: any(e["event"] == "close" for e in events))
    pid = host.worker_pids()[0]
    old = no_more_descriptors(pid)
    host.push(id="second")
    assert "Too many open files" in host.wait_log("relay down")[0]["reply"]
    limit(pid, resource.RLIMIT_NOFILE, old)
    host.wait_messages(2)
    host.wait_empty()
    assert host.worker_pids() == [pid] and not host.log("message deferred")


def test_a_supervisor_without_descriptors(host):
    host.start(queues={"default": {"workers": 1}})
    pid = host.daemon.pid
    old = no_more_descriptors(pid)
    with socket.socket(socket.AF_UNIX) as client:
        here = os.open(host.directory, os.O_RDONLY)
        client.connect("/proc/self/fd/%d/control.sock" % here)
        os.close(here)
        client.sendall(b"status\n")
        before = cpu_seconds(pid)
        host.push()
        host.wait_messages(1)
        time.sleep(2)
        assert cpu_seconds(pid) - before < 0.5      # it does not spin
        limit(pid, resource.RLIMIT_NOFILE, old)
        client.settimeout(10)
        assert client.recv(1) == b"{"


# ---- memory ----

def test_a_worker_without_memory(host):
    host.write_template("large.html", "{% for i in range(200) %}{{ 'x' * 20000 }}{% endfor %}\n")
    host.start(queues={"default": {"workers": 1}}, retry={"base": "2s", "cap": "2s"})
    host.push(id="small")
    host.wait_messages(1)
    pid = host.worker_pids()[0]
    limit(pid, resource.RLIMIT_AS, memory_now(pid) + 1000000)
    host.push(id="large", template_name="large.html")
    host.push(id="behind it")
    assert host.wait_log("child died")[0]["exit"] == 70
    host.wait_messages(3)
    host.wait_empty()
    assert len(host.messages()) == 3
    assert b"behind it" not in host.messages()[-1]["data"]
    assert not host.log("message dead")


def test_redis_above_maxmemory(host):
    """Nothing new can be pushed, and what is there flows off: that is what makes room."""
    host.start(queues={"default": {"workers": 2}})
    os.kill(host.daemon.pid, signal.SIGSTOP)
    for number in range(50):
        host.push(id="m-%d" % number, email_to=["dot451x1-anna%d@example.com" % number] if number % 10 == 0
                  else ["anna@example.com"])
    host.client.config_set("maxmemory", 1)
    os.kill(host.daemon.pid, signal.SIGCONT)
    with pytest.raises(redis.RedisError, match="OOM|maxmemory"):
        host.push(id="refused")
    host.wait_messages(50)
    host.wait_empty()
    assert len(set(message_ids(host))) == 50 == len(host.messages())


# ---- processes ----

def test_fork_fails(host, tmp_path):
    machine = Machine(tmp_path)
    host.relay.rules({"stage": "mail", "times": 1, "do": {"stall": True}})
    host.start(queues={"default": {"workers": 2}}, env=machine.environment)
    host.push(id="m")
    pid = in_stage(host, "mail")
    machine.set(no_fork=True)
    os.kill(pid, signal.SIGKILL)
    host.wait_log("no child could be started", 2)
    host.wait_messages(1)                   # by the other worker: the retry child has recovered it
    assert len([p for p in host.worker_pids() if p != pid]) == 1
    machine.set()
    wait_for(lambda: len([p for p in host.worker_pids() if p != pid]) == 2, what="the second worker")
    host.wait_empty()
    assert host.stop() == 0


# ---- clocks ----

DAY = 86400
SHORT = {"lease": "800ms"}      # a message is in hand for longer than that


def assert_nothing_was_taken(*hosts):
    for host in hosts:
        assert not host.log("message recovered") and not host.log("dead owner removed")


def test_the_clock_of_a_host_steps(make_host, tmp_path):
    machine = Machine(tmp_path)
    one = make_host("one")
    two = make_host("two", redis=one.redis, relay=one.relay)
    one.relay.rules({"stage": "dot", "times": 1, "to": "held@*", "do": {"delay": 2, "reply": "normal"}})
    one.start(queues={"default": {"workers": 2}}, redis=SHORT, env=machine.environment)
    one.push(id="held", email_to=["held@example.com"])
    in_stage(one, "final")
    two.start(queues={"default": {"workers": 1}}, redis=SHORT)
    for step, mails in ((DAY, 3), (-DAY, 6)):
        machine.set(clock_off=step)
        for number in range(3):
            one.push(email_to=["dot451x1-anna%d.%d@example.com" % (mails, number)])
        one.wait_messages(mails)
    one.wait_messages(7)
    one.wait_empty()
    assert len(message_ids(one)) == len(set(message_ids(one))) == 7
    assert_nothing_was_taken(one, two)


def test_the_clock_of_redis_steps(make_host, tmp_path):
    """All leases run out at once; later they would last a day longer."""
    machine = Machine(tmp_path)
    with RedisServer(environment=machine.environment) as server:
        one = make_host("one", redis=server)
        two = make_host("two", redis=server, relay=one.relay)
        one.relay.rules({"stage": "dot", "times": 1, "do": {"delay": 2, "reply": "normal"}})
        one.start(queues={"default": {"workers": 1}}, redis=SHORT)
        one.push(id="held")
        in_stage(one, "final")
        two.start(queues={"default": {"workers": 1}}, redis=SHORT)
        machine.set(clock_off=DAY)
        one.wait_log("message delivered", id="held")
        machine.set(clock_off=-DAY)
        two.push(id="later", email_to=["dot451x1-anna@example.com"])
        one.wait_messages(2)
        one.wait_empty()
        assert len(one.messages()) == 2
        assert_nothing_was_taken(one, two)
