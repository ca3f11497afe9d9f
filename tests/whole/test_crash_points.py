"""A process that dies at each named step of a delivery, in turn.

The table says what the receiver sees and what the log must say.  The steps are
those of src/delivery; the daemon is tests/whole/postriderd-crash.
"""
import os
import re

import pytest

from harness import BUILD, TOP, wait_for

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
RECOVERY = {"before recovery"}      # of a process that is recovering


def test_the_table_names_every_step():
    found = set()
    for name in ("delivery.c", "recovery.c"):
        with open(os.path.join(TOP, "src", "delivery", name)) as file:
            found |= set(re.findall(r'crash_point\("([^"]+)"\)', file.read()))
    assert found == set(TABLE) | RECOVERY


def start_crashing(host, step):
    path = os.path.join(host.directory, "crash-at")
    with open(path, "w") as file:
        file.write(step + "\n")
    host.start(queues={"default": {"workers": 1}}, env={"POSTRIDER_CRASH_FILE": path},
               program=os.path.join(BUILD, "tests", "whole", "postriderd-crash"))
    return path


@pytest.mark.parametrize("step", TABLE)
def test_death_at_each_step(host, step):
    mails, in_doubt = TABLE[step]
    path = start_crashing(host, step)
    host.push(id="m")
    wait_for(lambda: not os.path.exists(path), what="the death at " + step)
    host.wait_log("child died", signal="SIGKILL")
    host.wait_messages(mails)
    host.wait_empty()
    assert len(host.messages()) == mails
    assert bool(host.log("message in doubt, may be sent more than once")) == in_doubt
    left = host.left()
    assert not (left["records"] or left["messages"] or left["marks"] or left["dead"])


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


def test_death_while_recovering(host):
    path = start_crashing(host, "marked")
    host.push(id="m")
    wait_for(lambda: not os.path.exists(path), what="the first death")
    with open(path, "w") as file:
        file.write("before recovery\n")
    host.wait_messages(1)
    host.wait_empty()
    assert len(host.messages()) == 1
