#!/usr/bin/python3
"""How fast a queue of order confirmations is drained, beside what it replaces.

    tests/bench/drain.py [--messages N] [--runs N] [--workers 1,2,4,8]

Three ways, side by side in each run, against Postfix's smtp-sink on the
loopback, without TLS (smtp-sink has none):

    postrider   this tree's build
    python      python_worker.py, N processes
    source      smtp-source -d, N sessions with mails of the same size: the ceiling,
                since it renders and looks up nothing

Each figure is the median of the runs.  CPU is that of the senders alone, user
and system; memory is their proportional set size (PSS) at the end of a run.
Timings on a shared machine are noise: read the ratios.
"""
import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(TOP, "tests", "whole"), os.path.join(TOP, "tests", "smtp")]
from harness import BUILD, children_of, wait_for, yaml_text  # noqa: E402
from redis_server import RedisServer  # noqa: E402
from sink import Sink  # noqa: E402

QUEUE = "postrider:queue:default"
TICKS = os.sysconf("SC_CLK_TCK")


def message(number):
    with open(os.path.join(TOP, "tests", "template", "mail", "order-confirmation.json")) as file:
        body = json.load(file)
    return json.dumps({
        "id": "bench-%06d" % number, "template_name": "order-confirmation.html",
        "email_from": "shop@example.com", "email_to": ["customer%d@example.com" % number],
        "title": "Your order no. %d" % number, "body": body.get("body", body)})


def cpu_of(pids):
    total = 0
    for pid in pids:
        with open("/proc/%d/stat" % pid) as file:
            fields = file.read().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def pss_of(pids):
    total = 0
    for pid in pids:
        with open("/proc/%d/smaps_rollup" % pid) as file:
            total += next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
    return total / 1024


def fill(client, count):
    pipe = client.pipeline()
    for number in range(count):
        pipe.rpush("staged", message(number))
        if number % 500 == 499:
            pipe.execute()
    pipe.execute()


def run_redis_worker(client, pids, count, finished):
    """Releases the staged messages at once and measures until finished()."""
    cpu, began = cpu_of(pids()), time.monotonic()
    client.rename("staged", QUEUE)
    wait_for(finished, 600, "the end of the run")
    seconds = time.monotonic() - began
    return {"rate": count / seconds, "cpu": (cpu_of(pids()) - cpu) * 1000 / count, "pss": pss_of(pids())}


def processed_everything(client):
    """Nothing queued, nothing in any worker's hands."""
    def done():
        return not client.exists(QUEUE) and not client.keys("{%s}:processing:*" % QUEUE)
    return done


def bench_postrider(redis, sink, workers, count, directory):
    config = {
        "redis": {"url": redis.url},
        "queues": {"default": {"workers": workers, "relays": ["sink"]}},
        "relays": {"sink": {"host": "127.0.0.1", "port": sink.port, "tls": "none", "ehlo": "bench.example.com"}},
        "templates": {"directory": os.path.join(TOP, "templates")},
        "message": {"from": "shop@example.com"},
        "log": {"level": "warning"},
        "control_socket": os.path.join(directory, "control.sock"),
    }
    path = os.path.join(directory, "postrider.yaml")
    with open(path, "w") as file:
        file.write(yaml_text(config))
    client = redis.client()
    client.flushall()
    fill(client, count)
    daemon = subprocess.Popen([os.path.join(BUILD, "postriderd"), "-c", path], stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: client.scard("{%s}:owners" % QUEUE) >= workers, what="the workers")
        return run_redis_worker(client, lambda: [daemon.pid, *children_of(daemon.pid)], count,
                                processed_everything(client))
    finally:
        daemon.terminate()
        daemon.wait()


def bench_python(redis, sink, workers, count, directory):
    client = redis.client()
    client.flushall()
    fill(client, count)
    command = ["/usr/bin/python3", os.path.join(HERE, "python_worker.py"), redis.socket, QUEUE,
               os.path.join(TOP, "templates"), "127.0.0.1", str(sink.port)]
    processes = [subprocess.Popen(command, stderr=subprocess.DEVNULL) for _ in range(workers)]
    pids = [process.pid for process in processes]
    try:
        wait_for(lambda: int(client.info("clients")["blocked_clients"]) == workers, what="the workers")
        # Done is: the queue is empty and each waits for the next message again.
        return run_redis_worker(client, lambda: pids, count, lambda: not client.exists(QUEUE) and
                                int(client.info("clients")["blocked_clients"]) == workers)
    finally:
        for process in processes:
            process.kill()
            process.wait()


def bench_source(sink, workers, count, size):
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run([sink.source, "-d", "-s", str(workers), "-m", str(count),
                    "-l", str(size), "127.0.0.1:%d" % sink.port], check=True, env=sink.environment,
                   stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"rate": count / (time.monotonic() - began), "cpu": cpu * 1000 / count, "pss": 0}


def median(runs, figure):
    return statistics.median(run[figure] for run in runs)


def print_row(workers, found):
    mine, python, source = (found[name] for name in ("postrider", "python", "source"))
    print("| %d | %s | %.1f | %.1f |" % (
        workers,
        " | ".join("%.0f / %.2f / %s" % (median(runs, "rate"), median(runs, "cpu"),
                                         "%.1f" % median(runs, "pss") if median(runs, "pss") else "-")
                   for runs in (mine, python, source)),
        statistics.median(a["rate"] / b["rate"] for a, b in zip(mine, python)),
        statistics.median(a["cpu"] / b["cpu"] for a, b in zip(mine, source))), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--workers", default="1,2,4,8")
    parser.add_argument("--size", type=int, default=8000, help="bytes of smtp-source's mails")
    options = parser.parse_args()
    directory = tempfile.mkdtemp(prefix="postrider-bench-")
    try:
        sink = Sink(os.path.join(BUILD, "tools", "debs"))
        print("Messages/s / CPU seconds per 1,000 messages / PSS in MB; %d messages, median of %d runs\n"
              % (options.messages, options.runs))
        print("| workers | postrider | Python | smtp-source -d | rate: postrider to Python "
              "| CPU: postrider to smtp-source |\n|---|---|---|---|---|---|")
        with RedisServer() as redis:
            for workers in map(int, options.workers.split(",")):
                found = {"postrider": [], "python": [], "source": []}
                for _ in range(options.runs):
                    found["postrider"].append(bench_postrider(redis, sink, workers, options.messages, directory))
                    found["python"].append(bench_python(redis, sink, workers, options.messages, directory))
                    found["source"].append(bench_source(sink, workers, options.messages, options.size))
                print_row(workers, found)
        sink.stop()
    finally:
        shutil.rmtree(directory)


if __name__ == "__main__":
    main()
