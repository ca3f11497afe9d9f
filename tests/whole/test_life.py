"""Starting, stopping, reloading; and what the daemon says of itself."""
import os
import re
import signal
import socket
import subprocess
import time

from harness import BUILD, PASSWORD, USER, ScriptedServer, children_of, wait_for


def run_daemon(*arguments):
    return subprocess.run([os.path.join(BUILD, "postriderd"), *arguments], capture_output=True,
                          text=True, timeout=20)


def test_version_and_usage():
    assert re.fullmatch(r"postriderd \d+\.\d+\.\d+\n", run_daemon("-V").stdout)
    wrong = run_daemon("-x")
    assert wrong.returncode == 64 and "usage:" in wrong.stderr


def test_configuration_test_reports_every_fault(host):
    host.configure(relays={"main": {"prot": 25, "timeouts": {"connect": "soon"}}}, in_doubt="perhaps")
    result = run_daemon("-t", "-c", host.config_path)
    assert result.returncode == 78
    lines = [line for line in result.stderr.splitlines() if line.startswith(host.config_path + ":")]
    assert len(lines) == 3
    assert all(re.match(re.escape(host.config_path) + r":\d+:\d+: ", line) for line in lines)
    assert any("prot" in line and "port" in line for line in lines)
    host.configure(relays={"main": {"prot": None, "timeouts": {"connect": "5s"}}}, in_doubt="resend")
    assert run_daemon("-t", "-c", host.config_path).returncode == 0


def test_questionable_settings_are_said_at_every_start(host):
    host.start(relays={"main": {"verify": False, "ehlo": "nodots"}})
    faults = [line["fault"] for line in host.wait_log("configuration warning", 2)]
    assert any("verify" in fault for fault in faults) and any("nodots" in fault for fault in faults)
    assert not host.log("(no JSON)")


def test_a_redis_that_may_lose_messages_is_said_at_every_start(make_host):
    host = make_host(redis_options={"options": {"maxmemory-policy": "allkeys-lru"}})
    host.start()
    advice = " ".join(line["advice"] for line in host.wait_log("redis may lose messages", 2))
    assert "allkeys-lru" in advice and "appendonly" in advice


def test_processes_show_their_role(host):
    host.start(queues={"default": {"workers": 2}})
    titles = []
    for pid in children_of(host.daemon.pid):
        with open("/proc/%d/cmdline" % pid) as file:
            titles.append(file.read().split("\0")[0].rstrip())
    assert sorted(titles) == ["postriderd: retrier", "postriderd: worker default/1",
                              "postriderd: worker default/2"]


def test_term_finishes_the_message_in_hand(host):
    host.relay.rules({"stage": "data", "times": 1, "do": {"delay": 1, "reply": "normal"}})
    host.start(queues={"default": {"workers": 1}})
    host.push(id="in hand")
    wait_for(lambda: host.workers()[0]["stage"] == "data", what="stage data")
    for number in range(5):
        host.push(id="waits-%d" % number)
    assert host.stop() == 0
    assert len(host.messages()) == 1
    left = host.left()
    assert left["queued"] == 5 and not left["processing"] and left["retry"] == 0
    assert not host.client.smembers(host.key("owners"))
    assert host.relay.wait(lambda events: [e for e in events if e["event"] == "close"])[-1]["quit"]


def test_term_while_idle_is_quick(host):
    host.start(queues={"default": {"workers": 2}})
    began = time.monotonic()
    assert host.stop() == 0
    assert time.monotonic() - began < 3     # not the 5 s of a waiting BLMOVE


def test_stop_timeout_hands_back_what_is_stuck(host):
    host.relay.rules({"stage": "mail", "times": 1, "do": {"stall": True}})
    host.start(queues={"default": {"workers": 1}}, stop_timeout="1s",
               relays={"main": {"timeouts": {"command": "5m"}}})
    host.push(id="m")
    wait_for(lambda: host.workers()[0]["stage"] == "mail", what="stage mail")
    assert host.stop() == 0
    left = host.left()
    assert left["queued"] == 1 and not left["processing"]


STUCK = ("greeting", "ehlo", "starttls", "tls", "auth", "mail", "rcpt", "data", "dot")


def test_stop_timeout_at_every_stage(host, tls_directory):
    """Nobody answers, and the waiting is libesmtp's, OpenSSL's or a command's: the stop
    is in time all the same, and what was in hand is kept."""
    relays = {stage: ScriptedServer(os.path.join(host.directory, stage), tls="starttls", auth="PLAIN",
                                    user=USER + ":" + PASSWORD, tls_directory=tls_directory) for stage in STUCK}
    command = os.path.join(host.directory, "token.sh")
    with open(command, "w") as file:
        # Run twice for a session: before the connection, and where it is used.
        file.write("echo >>%s.runs\ntest $(wc -l <%s.runs) -le 2 || exec sleep 300\n"
                   "echo '{\"access_token\": \"t\", \"expires_in\": 0}'\n" % (command, command))
    main = dict(host.config["relays"]["main"], max_messages=1, timeouts={"command": "5m", "greeting": "5m", "data": "5m"})
    config = {stage: dict(main, port=relay.port) for stage, relay in relays.items()}
    config["token"] = dict(main, port=host.relay.port, token_command="exec sh " + command)
    del config["token"]["password_file"]
    host.relay.control(set={"tokens": ["t"], "auth": ["XOAUTH2"]})
    try:
        for stage, relay in relays.items():
            relay.rules({"stage": stage, "session": ">1", "do": "stall"})
        host.start(relays=config, stop_timeout="1s",
                   queues={"default": None, **{name: {"workers": 1, "relays": [name]} for name in config}})
        for name in config:
            for number in range(2):
                host.push(queue=name, id="%s-%d" % (name, number))
        shown = {"starttls": "tls", "token": "auth", "dot": "final"}
        for name in config:
            wait_for(lambda: (w := host.workers(name)[0])["stage"] == shown.get(name, name) and w["counts"]["sent"] == 1,
                     what="stage " + name)
        began = time.monotonic()
        assert host.stop() == 0
        assert time.monotonic() - began < 10
        for name in config:
            left = host.left(name)
            assert not left["processing"], (name, left)
            assert (left["queued"], left["retry"]) == ((0, 1) if name == "dot" else (1, 0)), (name, left)
        assert len(host.log("worker killed, stop_timeout has passed")) == len(config)
    finally:
        for relay in relays.values():
            relay.stop()


def test_the_second_term_hands_back_at_once(host):
    host.relay.rules({"stage": "mail", "times": 1, "do": {"stall": True}})
    host.start(queues={"default": {"workers": 1}}, relays={"main": {"timeouts": {"command": "5m"}}})
    host.push(id="m")
    wait_for(lambda: host.workers()[0]["stage"] == "mail", what="stage mail")
    daemon = host.daemon
    daemon.send_signal(signal.SIGTERM)
    host.wait_log("stopping")
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(10) == 0
    assert host.left()["queued"] == 1


def test_hup_in_the_middle_of_a_stream(host):
    host.start(queues={"default": {"workers": 2}})
    for number in range(300):
        host.push(id="m-%d" % number)
    host.wait_messages(20)
    before = set(host.worker_pids())
    host.configure(queues={"default": {"workers": 3}}, message={"from": "Changed <changed@example.com>"})
    host.signal(signal.SIGHUP)
    host.wait_log("configuration reloaded")
    wait_for(lambda: len(set(host.worker_pids()) - before) >= 3, what="three new workers")
    host.push(id="after")
    host.wait_messages(301)
    host.wait_empty()
    messages = host.messages()
    assert len(messages) == 301
    assert len({m["data"].split(b"Message-ID:")[1].split(b"\r\n")[0] for m in messages}) == 301
    assert "changed@example.com" in {m["mail_from"] for m in messages}
    assert not host.log("child died")


def test_hup_with_a_bad_file_changes_nothing(host):
    host.start(queues={"default": {"workers": 1}})
    pids = host.worker_pids()
    with open(host.config_path, "a") as file:
        file.write("nonsense: 1\n")
    host.signal(signal.SIGHUP)
    line = host.wait_log("configuration refused, the old one stays")[0]
    assert "nonsense" in line["fault"]
    host.push()
    host.wait_messages(1)
    assert host.worker_pids() == pids


def test_ttin_and_ttou(host):
    host.start(queues={"default": {"workers": 1}})
    host.signal(signal.SIGTTIN)
    wait_for(lambda: len(host.worker_pids()) == 2, what="a second worker")
    host.signal(signal.SIGTTOU)
    wait_for(lambda: len(host.worker_pids()) == 1, what="one worker again")


def test_early_deaths_are_throttled(host):
    """A worker that has taken nothing yet dies: its successor waits, and longer each time."""
    host.start(queues={"default": {"workers": 1}})
    for count in (1, 2):
        os.kill(wait_for(host.worker_pids, what="a worker")[0], signal.SIGKILL)
        host.wait_log("child died", count)
    assert [line["replaced_in"] for line in host.log("child died")] == [1000, 2000]
    host.push()
    host.wait_messages(1)
    os.kill(host.worker_pids()[0], signal.SIGKILL)
    assert "replaced_in" not in host.wait_log("child died", 3)[2]


def test_a_configuration_that_cannot_work_is_refused(host):
    host.configure(message={"from": "no address at all"})
    result = run_daemon("-c", host.config_path)
    assert result.returncode == 78 and "message.from" in result.stderr


def test_readiness_is_told(host, tmp_path):
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(path)
        notify.settimeout(15)
        host.configure()
        with open(host.log_path, "ab") as log:
            host.daemon = subprocess.Popen([os.path.join(BUILD, "postriderd"), "-c", host.config_path],
                                           stdout=log, stderr=log, env=dict(os.environ, NOTIFY_SOCKET=path))
        assert b"READY=1" in notify.recv(4096)
        host.signal(signal.SIGHUP)
        assert b"RELOADING=1" in notify.recv(4096)
        assert b"READY=1" in notify.recv(4096)
        host.signal(signal.SIGTERM)
        assert b"STOPPING=1" in notify.recv(4096)
        assert host.daemon.wait(20) == 0


def test_a_second_daemon_on_the_same_socket_is_refused(host):
    host.start()
    second = subprocess.run([os.path.join(BUILD, "postriderd"), "-c", host.config_path],
                            capture_output=True, text=True, timeout=20)
    assert second.returncode != 0 and "another postriderd answers" in second.stderr
    host.push()
    host.wait_messages(1)


def test_no_secret_is_logged(host):
    host.start()
    host.push(id="m", body={"name": "body secret 4711"})
    host.wait_messages(1)
    assert host.stop() == 0
    log = host.read_log()
    assert "correct horse" not in log and "4711" not in log


def test_log_as_text(host):
    host.start(log={"format": "text", "addresses": "domain"})
    host.push(id="m")
    host.wait_messages(1)
    line = wait_for(lambda: [x for x in host.read_log().splitlines() if "message delivered" in x],
                    what="the line")[0]
    assert re.match(r'\d{4}-\d\d-\d\dT\S+Z info worker=default/\d event="message delivered" id=m ', line)
    assert "to=@example.com" in line and "code=250" in line and "took=" in line


def test_two_hosts_share_one_queue(make_host):
    one = make_host("one")
    two = make_host("two", redis=one.redis, relay=one.relay)
    one.start(queues={"default": {"workers": 1}})
    two.start(queues={"default": {"workers": 1}})
    for number in range(200):
        one.push(id="m-%d" % number)
    one.wait_messages(200)
    one.wait_empty()
    counts = [h.workers()[0]["counts"]["sent"] for h in (one, two)]
    assert sum(counts) == 200 and min(counts) > 0
