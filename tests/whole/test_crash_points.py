"""A process that dies at each named step of a delivery, in turn.

The table says what the receiver sees and what the log must say.  The steps are
those of src/delivery and src/process; the daemon is tests/whole/postriderd-crash.
"""
import os
import re
import signal

import pytest

from harness import BUILD, TOP, freeze, status_of, wait_for

# step -> (mails that arrive, the message was in doubt)
TABLE = {
    "taken": (1, False),
    "prepared": (1, False),
    "before mark": (1, False),
    "marked": (1, True),            # the dot was never sent, but that nobody can know
    "answered": (2, True),          # accepted, and not yet recorded
    "before record": (2, True),
    "settled": (1, False),
}
# Where a process recovers what another has left, where the retry child is at its
# rounds, where the daemon stops: nobody sees any of it, and nothing stays behind.
RECOVERY = ["before recovery", "recovered"]
RETRY = ["before promote", "promoted", "owners seen"]
STOP = ["before hand back", "stopping", "left", "last round", "lease ended"]


def test_the_tables_name_every_step():
    found = []
    for folder, name in (("delivery", "delivery.c"), ("delivery", "recovery.c"),
                         ("process", "worker.c"), ("process", "retrier.c")):
        with open(os.path.join(TOP, "src", folder, name)) as file:
            found += re.findall(r'crash_point\("([^"]+)"\)', file.read())
    assert sorted(found) == sorted([*TABLE, *RECOVERY, *RETRY, *STOP])


def crash_at(host, step, then=None):
    """The next to pass that step dies; after it, who passes the step `then`."""
    path = os.path.join(host.directory, "crash-at")
    if then:
        with open(path + ".next", "w") as file:
            file.write(then + "\n")
    with open(path + "~", "w") as file:
        file.write(step + "\n")
    os.rename(path + "~", path)
    return path


def assert_nothing_left(host):
    left = host.left()
    assert not (left["records"] or left["messages"] or left["marks"] or left["dead"])


def start_crashing(host, step=None, then=None, **changes):
    path = crash_at(host, step, then) if step else os.path.join(host.directory, "crash-at")
    host.start(queues={"default": {"workers": 1}}, env={"POSTRIDER_CRASH_FILE": path},
               program=os.path.join(BUILD, "tests", "whole", "postriderd-crash"), **changes)
    return path


def wait_death(path, step):
    wait_for(lambda: not os.path.exists(path), what="the death at " + step)


@pytest.mark.parametrize("step", TABLE)
def test_death_at_each_step(host, step):
    mails, in_doubt = TABLE[step]
    path = start_crashing(host, step)
    host.push(id="m")
    wait_death(path, step)
    host.wait_log("child died", signal="SIGKILL")
    host.wait_messages(mails)
    host.wait_empty()
    assert len(host.messages()) == mails
    assert bool(host.log("message in doubt, may be sent more than once")) == in_doubt
    assert_nothing_left(host)


@pytest.mark.parametrize("answer,shelf", [("dot451x1", None), ("dot554", "dead")])
def test_death_before_a_refusal_is_recorded(host, answer, shelf):
    start_crashing(host, "before record")
    host.push(id="m", email_to=[answer + "-anna@example.com"])
    host.wait_log("child died", signal="SIGKILL")
    if shelf:
        assert host.wait_dead()[0]["producer_id"] == "m"
    else:
        host.wait_messages(1)
    host.wait_empty()
    assert len(host.messages()) == (0 if shelf else 1)


@pytest.mark.parametrize("step", RECOVERY)
def test_death_while_recovering(host, step):
    path = start_crashing(host, "marked", then=step)
    host.push(id="m")
    wait_death(path + ".next", "marked")
    wait_death(path, step)
    host.wait_messages(1)
    host.wait_empty()
    assert len(host.messages()) == 1
    assert_nothing_left(host)


@pytest.mark.parametrize("step", RETRY)
def test_death_of_the_retry_child(host, step):
    start_crashing(host, retry={"base": "1s"})
    host.push(id="m", email_to=["dot451x1-anna@example.com"])
    host.wait_log("message deferred")
    wait_death(crash_at(host, step), step)
    host.wait_log("child died", child="retrier", signal="SIGKILL")
    host.wait_messages(1)
    host.wait_empty()
    assert len(host.messages()) == 1
    assert_nothing_left(host)


def is_told_to_stop(pid):
    """Whether a SIGTERM waits for that process."""
    return int(status_of(pid, "ShdPnd"), 16) >> (signal.SIGTERM - 1) & 1


def freeze_waiting(host, worker):
    """While its BLMOVE waits: Redis gives it what comes, and it does not know."""
    def is_waiting():
        freeze(worker)
        if host.client.info("clients")["blocked_clients"] == 1:
            return True
        os.kill(worker, signal.SIGCONT)
        return False
    wait_for(is_waiting, what="a worker that waits for a message")


@pytest.mark.parametrize("step", STOP)
def test_death_while_stopping(host, step):
    """A message comes with the stop: it goes back to the queue, whoever dies on the way."""
    start_crashing(host, redis={"lease": "1s"})
    worker = host.worker_pids()[0]
    freeze_waiting(host, worker)
    host.push(id="m")
    wait_for(lambda: host.left()["processing"], what="the message taken")
    path = crash_at(host, step)
    host.signal(signal.SIGTERM)
    wait_for(lambda: is_told_to_stop(worker), what="the SIGTERM")
    os.kill(worker, signal.SIGCONT)
    assert host.daemon.wait(20) == 0
    assert not os.path.exists(path)
    left = host.left()
    assert left["queued"] == 1 and not left["processing"] and not host.messages()
    host.start()
    host.wait_messages(1)
    host.wait_empty()
    assert len(host.messages()) == 1
    assert_nothing_left(host)
    # Who died without leaving is taken out once that is proven.
    wait_for(lambda: host.client.scard(host.key("owners")) <= 2, what="the dead owners' removal")
