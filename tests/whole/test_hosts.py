"""Two hosts, one Redis: what one leaves, the other recovers; what one still holds, nobody takes."""
import os
import signal
import time

from harness import children_of, wait_for


def two_hosts(make_host, **options):
    one = make_host("one", **options)
    two = make_host("two", redis=one.redis, relay=one.relay)
    for host in (one, two):
        host.configure(queues={"default": {"workers": 1}})
    return one, two


def in_stage(host, stage):
    wait_for(lambda: host.workers()[0]["stage"] == stage, what="stage " + stage)


def signal_all(host, number):
    """Supervisor first, so that it replaces nobody meanwhile."""
    children = children_of(host.daemon.pid)
    for pid in (host.daemon.pid, *children):
        os.kill(pid, number)


def message_ids(host):
    return [m["data"].split(b"Message-ID:")[1].split(b"\r\n")[0] for m in host.messages()]


def test_a_dead_hosts_message_is_delivered_by_the_other(make_host):
    one, two = two_hosts(make_host)
    one.relay.rules({"stage": "mail", "times": 1, "do": {"stall": True}})
    one.start()
    one.push(id="m")
    in_stage(one, "mail")
    two.start()
    one.kill()
    began = time.monotonic()
    one.wait_messages(1)
    assert time.monotonic() - began > 2     # never before the lease (3 s) can have run out
    two.wait_log("message recovered")
    two.wait_empty()
    assert len(one.messages()) == 1


def test_a_host_that_froze_before_the_dot_sends_nothing_when_it_wakes(make_host):
    one, two = two_hosts(make_host)
    one.relay.rules({"stage": "data", "times": 1, "do": {"delay": 1, "reply": "normal"}})
    one.start()
    one.push(id="m")
    in_stage(one, "data")
    two.start()
    signal_all(one, signal.SIGSTOP)
    one.wait_messages(1)
    two.wait_empty()
    signal_all(one, signal.SIGCONT)
    one.wait_log("final dot held back")
    one.push(id="next")
    one.wait_messages(2)
    one.wait_empty()
    assert len(one.messages()) == 2 == len(set(message_ids(one)))


def test_a_host_that_froze_behind_the_dot_is_in_doubt(make_host):
    one, two = two_hosts(make_host)
    one.relay.rules({"stage": "dot", "times": 1, "do": {"stall": True, "serve": True}})
    one.start()
    one.push(id="m")
    in_stage(one, "final")
    two.start()
    signal_all(one, signal.SIGSTOP)
    two.wait_log("message in doubt, may be sent more than once", id="m")
    one.wait_messages(2)
    two.wait_empty()
    signal_all(one, signal.SIGCONT)
    assert len(set(message_ids(one))) == 1


def test_an_outage_longer_than_the_lease_takes_nobodys_work(make_host):
    one, two = two_hosts(make_host, redis_options={"aof": True})
    one.relay.rules({"stage": "dot", "times": 1, "do": {"delay": 7, "reply": "normal"}})
    one.start()
    one.push(id="m")
    in_stage(one, "final")
    two.start()
    one.redis.stop()
    time.sleep(4)       # the lease is 3 s
    one.redis.start()
    for host in (one, two):
        host.client = one.redis.client()
    one.wait_log("message delivered", id="m")
    one.wait_empty()
    assert len(one.messages()) == 1
    assert not two.log("message recovered") and not two.log("message in doubt, may be sent more than once")


def test_a_queue_that_is_configured_no_more_is_recovered(make_host):
    one, two = two_hosts(make_host)
    one.relay.rules({"stage": "mail", "times": 1, "do": {"stall": True}})
    one.start(queues={"default": {"workers": 1}, "old": {"workers": 1, "relays": ["main"]}})
    one.push(queue="old", id="m")
    wait_for(lambda: one.workers("old")[0]["stage"] == "mail", what="stage mail")
    one.kill()
    two.start()
    two.wait_log("queue is not configured here, only its dead workers' messages are recovered", queue="old")
    wait_for(lambda: two.left("old")["queued"] == 1, 20, "the message back in its queue")
    assert not two.left("old")["processing"]


def test_many_hosts_recover_what_one_leaves_and_each_message_once(make_host):
    one = make_host("one")
    others = [make_host(name, redis=one.redis, relay=one.relay) for name in ("two", "three", "four")]
    one.relay.rules({"stage": "mail", "times": 3, "do": {"stall": True}})
    one.start(queues={"default": {"workers": 3}})
    for number in range(3):
        one.push(id="m-%d" % number)
    wait_for(lambda: all(w["stage"] == "mail" for w in one.workers()), what="all in stage mail")
    for other in others:
        other.start(queues={"default": {"workers": 1}}, redis={"lease": "1s"})
    one.kill()
    one.wait_messages(3)
    one.wait_empty()
    assert len(one.messages()) == 3 == len(set(message_ids(one)))
    assert sum(line["messages"] for other in others for line in other.log("recovered from a dead worker")) == 3
