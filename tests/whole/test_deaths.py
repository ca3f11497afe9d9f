"""Whoever dies, and when: nothing is lost, and a double only where SMTP leaves no choice."""
import os
import signal
import time

import pytest

from harness import PATIENCE, children_of, freeze, wait_for


def hold_at(host, stage, **rule):
    """The relay answers nothing at that stage: the worker waits there."""
    host.relay.rules({"stage": stage, "times": 1, "do": {"stall": True}, **rule})


def worker_at(host, stage, seconds=PATIENCE):
    """The pid of the worker that is in that stage now."""
    def found():
        return next((w["pid"] for w in host.workers() if w["stage"] == stage and w["pid"]), None)
    return wait_for(found, seconds, "a worker in stage " + stage)


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
def test_worker_killed_before_the_dot(host, stage):
    hold_at(host, stage)
    host.start(queues={"default": {"workers": 1}})
    host.push(id="m")
    host.relay.wait(lambda events: any(e["event"] == "acted" for e in events))
    pid = worker_at(host, stage)
    began = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    host.wait_messages(1)
    assert time.monotonic() - began < 5
    host.wait_empty()
    assert len(host.messages()) == 1
    assert not host.log("message deferred") and not host.log("message in doubt, may be sent more than once")


def test_worker_killed_at_the_dot_is_in_doubt(host):
    host.relay.rules({"stage": "dot", "times": 1, "do": {"stall": True, "serve": True}})
    host.start(queues={"default": {"workers": 1}})
    host.push(id="m")
    host.wait_messages(1)
    os.kill(worker_at(host, "final"), signal.SIGKILL)
    host.wait_log("message in doubt, may be sent more than once", id="m")
    host.wait_messages(2)
    host.wait_empty()
    first, second = (m["data"].split(b"Message-ID:")[1].split(b"\r\n")[0] for m in host.messages())
    assert first == second


def test_worker_killed_at_the_dot_with_hold(host):
    host.relay.rules({"stage": "dot", "times": 1, "do": {"stall": True, "serve": True}})
    host.start(queues={"default": {"workers": 1}}, in_doubt="hold")
    host.push(id="m")
    host.wait_messages(1)
    os.kill(worker_at(host, "final"), signal.SIGKILL)
    record = host.wait_dead()[0]
    assert record["dead"]["class"] == "in_doubt" and record["producer_id"] == "m"
    assert len(host.messages()) == 1


def test_worker_killed_while_idle(host):
    host.start(queues={"default": {"workers": 2}})
    before = host.worker_pids()
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: len(set(host.worker_pids()) - set(before)) == 2, what="two new workers")
    host.push()
    host.wait_messages(1)


def test_retry_child_killed(host):
    host.start(retry={"base": "1s"})
    host.push(id="m", email_to=["dot451x1-anna@example.com"])
    host.wait_log("message deferred")
    pid = host.status()["retrier"]["pid"]
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: host.status()["retrier"]["pid"] not in (0, pid), what="a new retry child")
    host.wait_messages(1)
    host.wait_empty()


def test_supervisor_killed_takes_its_children_along_and_the_next_one_recovers(host):
    hold_at(host, "mail")
    host.start(queues={"default": {"workers": 2}})
    host.push(id="m")
    worker_at(host, "mail")
    children = children_of(host.daemon.pid)
    assert len(children) == 3
    host.kill()
    wait_for(lambda: not any(os.path.exists("/proc/%d/exe" % pid) for pid in children), what="their end")
    assert sum(host.left()["processing"].values()) == 1
    host.start()
    host.wait_messages(1)   # after the lease of the dead instance has run out
    host.wait_empty()
    assert len(host.messages()) == 1


def test_redis_restarted_in_the_middle(make_host):
    host = make_host(redis_options={"aof": True})
    host.start(queues={"default": {"workers": 2}})
    for number in range(200):
        host.push(id="m-%d" % number)
    host.wait_messages(20)
    host.redis.stop()
    time.sleep(0.5)     # long enough that every child meets it
    host.redis.start()
    host.client = host.redis.client()
    host.wait_messages(200, 30)
    host.wait_empty()
    ids = [m["data"].split(b"Message-ID:")[1].split(b"\r\n")[0] for m in host.messages()]
    assert len(ids) == len(set(ids)) == 200
    assert len(host.log("redis down")) == len(host.log("redis back")) <= 1


def test_outcome_is_kept_until_redis_is_back(make_host):
    host = make_host(redis_options={"aof": True})
    host.relay.rules({"stage": "dot", "times": 1, "do": {"delay": 1.5, "reply": "normal"}})
    host.start(queues={"default": {"workers": 1}})
    host.push(id="m")
    worker_at(host, "final")
    host.redis.stop()
    host.wait_messages(1)
    host.wait_log("redis away, outcome kept in memory")
    host.redis.start()
    host.client = host.redis.client()
    host.wait_log("redis back, outcome recorded")
    host.wait_empty()
    assert len(host.messages()) == 1


def test_frozen_worker_wakes_up_and_sends_nothing(host):
    """Its supervisor dies with it frozen; another host recovers; it must not send."""
    host.relay.rules({"stage": "data", "times": 1, "do": {"delay": 0.5, "reply": "normal"}})
    host.start(queues={"default": {"workers": 1}})
    host.push(id="m")
    pid = worker_at(host, "data")
    os.kill(pid, signal.SIGSTOP)
    # What another host's retry child does once this one is proven dead.
    key = host.key("processing:")
    def recovered():
        for name in host.client.scan_iter("{postrider:queue:default}:processing:*"):
            if host.client.lmove(name, host.key(), "LEFT", "LEFT"):
                return True
        return False
    assert recovered(), key
    os.kill(pid, signal.SIGCONT)
    host.wait_log("final dot held back")
    host.wait_messages(1)
    host.wait_empty()
    assert len(host.messages()) == 1


# ---- messages that kill their worker ----

def crash_under_poison(host):
    """SIGABRT for a worker that holds a poisoned message."""
    def found():
        return next((w["pid"] for w in host.workers() if w["stage"] == "rcpt" and w["id"].startswith("p-")), None)
    pid = wait_for(found, what="a worker with a poisoned message")
    os.kill(pid, signal.SIGABRT)     # which no sanitizer catches
    wait_for(lambda: pid not in host.worker_pids(), what="its death")


def test_the_second_crash_is_poison_and_the_others_flow(host):
    poisons = 3
    host.relay.rules({"stage": "rcpt", "to": "poison*", "do": {"stall": True}})
    host.start(queues={"default": {"workers": 2}})
    for number in range(20):
        host.push(id="m-%d" % number)
        if number < poisons:
            host.push(id="p-%d" % number, email_to=["poison%d@example.com" % number])
    for _ in range(2 * poisons):
        crash_under_poison(host)
    records = host.wait_dead(poisons)
    host.wait_messages(20)
    host.wait_empty()
    assert len(host.messages()) == 20
    for record in records:
        assert record["dead"]["class"] == "poison"
        assert record["dead"]["reason"] == "worker died: SIGABRT in stage rcpt"
        assert record["crashes"] == {"count": 2, "cause": "SIGABRT", "stage": "rcpt"}
    deaths = host.log("child died")
    assert len(deaths) == 2 * poisons
    assert not [line for line in deaths if "replaced_in" in line]     # nobody was throttled


def test_a_kill_from_outside_is_not_the_messages_fault(host):
    host.relay.rules({"stage": "rcpt", "times": 3, "do": {"stall": True}})
    host.start(queues={"default": {"workers": 1}})
    host.push(id="m")
    for _ in range(3):
        pid = worker_at(host, "rcpt")
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: pid not in host.worker_pids(), what="its death")
    host.wait_messages(1)
    host.wait_empty()
    assert not host.left()["dead"]


@pytest.mark.slow
def test_a_worker_that_is_stuck_is_killed(host):
    """An idle one, and one with a message, which is poison the second time."""
    host.relay.rules({"stage": "mail", "times": 2, "do": {"stall": True}})
    host.start(queues={"default": {"workers": 1}, "other": {"workers": 1, "relays": ["main"]}},
               relays={"main": {"timeouts": {"command": "1s"}}})
    idle = wait_for(lambda: host.workers("other")[0]["state"] == "idle" and host.worker_pids("other")[0],
                    what="an idle worker")
    freeze(idle)
    host.push(id="m")
    host.push(id="in frozen hands", queue="other")
    for count in (1, 2):
        os.kill(worker_at(host, "mail"), signal.SIGSTOP)
        host.wait_log("child is stuck and killed", count, seconds=40, stage="mail")
        host.wait_log("child died", count, stage="mail")
    assert host.wait_dead()[0]["dead"]["reason"] == "worker died: time limit in stage mail"
    host.wait_log("child is stuck and killed", stage="", pid=idle, seconds=40)
    host.wait_messages(1)       # which is not blamed for it
    host.wait_empty(queue="other")
    assert host.left("other")["dead"] == 0


# ---- Redis ----

def test_a_redis_that_hangs(host):
    """The fence has no answer, so the dot is not sent; once it answers the mail goes out, once."""
    host.relay.rules({"stage": "data", "times": 1, "do": {"delay": 1, "reply": "normal"}})
    host.start(queues={"default": {"workers": 1}}, redis={"command_timeout": "1s"})
    host.push(id="m")
    worker_at(host, "data")
    host.redis.freeze()
    host.wait_log("final dot held back")
    host.wait_log("redis down")
    assert not host.messages()
    host.redis.thaw()
    host.wait_log("redis back")
    host.wait_messages(1)
    host.wait_empty()
    assert len(host.messages()) == 1
    assert len(host.log("redis down")) == len(host.log("redis back")) == 1


@pytest.mark.parametrize("hangs", [False, True])
def test_stop_while_redis_is_away(host, hangs):
    """An outcome that could not be recorded does not keep the daemon from ending."""
    host.relay.rules({"stage": "dot", "times": 1, "do": {"delay": 0.5, "reply": "normal"}})
    host.start(queues={"default": {"workers": 2}}, redis={"command_timeout": "1s"}, stop_timeout="1s")
    host.push(id="m")
    worker_at(host, "final")
    if hangs:
        host.redis.freeze()
    else:
        host.redis.kill()
    host.wait_log("redis away, outcome kept in memory")
    began = time.monotonic()
    assert host.stop() == 0
    assert time.monotonic() - began < 15        # systemd would wait 90 s


def test_a_slot_that_is_configured_no_more(host):
    """Its worker is killed after the reload that took its place away."""
    host.relay.rules({"stage": "mail", "times": 2, "do": {"stall": True}})
    host.start(queues={"default": {"workers": 2}})
    host.push(id="m-1")
    host.push(id="m-2")
    wait_for(lambda: all(w["stage"] == "mail" for w in host.workers()), what="both in stage mail")
    leaving = host.workers()[1]["pid"]
    host.configure(queues={"default": {"workers": 1}})
    host.signal(signal.SIGHUP)
    host.wait_log("configuration reloaded")
    os.kill(leaving, signal.SIGKILL)
    host.wait_log("recovered from a dead worker")
    os.kill(host.worker_pids()[0], signal.SIGKILL)
    host.wait_messages(2)
    host.wait_empty()
    assert len(host.messages()) == 2 and len(host.worker_pids()) == 1
