"""The master of a Redis with Sentinel dies: the daemon follows to the new one."""
import pytest
import redis

from harness import wait_for
from redis_server import RedisServer, Sentinel


def is_master(server):
    """Sentinel cuts all connections in the moment of the change."""
    try:
        return server.client().info("replication")["role"] == "master"
    except redis.ConnectionError:
        return False


@pytest.mark.slow
def test_the_new_master_is_found_and_nothing_is_lost(make_host):
    with RedisServer(tcp=True, aof=True) as master, \
            RedisServer(tcp=True, options={"replicaof": "127.0.0.1 %d" % master.port}) as replica, \
            Sentinel(master) as sentinel:
        host = make_host(redis=master)
        host.start(queues={"default": {"workers": 2}}, redis={
            "url": None, "sentinels": ["127.0.0.1:%d" % sentinel.port], "master": "main"})
        for number in range(20):
            host.push(id="before-%d" % number)
        host.wait_messages(20)
        wait_for(lambda: sentinel.replicas() == 1, 30, "the replica's discovery")
        host.push(id="deferred", email_to=["dot451x1-anna@example.com"])
        host.wait_log("message deferred")
        master.client().execute_command("WAIT", 1, 5000)
        master.kill()
        wait_for(lambda: is_master(replica), 30, "the failover")
        host.client = replica.client()
        for number in range(20):
            host.push(id="behind-%d" % number)
        host.wait_messages(41, 30)
        host.wait_empty()
        assert len({m["data"].split(b"Message-ID:")[1].split(b"\r\n")[0] for m in host.messages()}) == 41
        assert len(host.messages()) == 41
        assert len(host.log("redis down")) == len(host.log("redis back")) == 1
