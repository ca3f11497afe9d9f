"""Shared by the tests of the SMTP edge."""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import certificates  # noqa: E402
from scripted import ScriptedServer  # noqa: E402


@pytest.fixture(scope="session")
def tls_directory(tmp_path_factory):
    """CA and certificates, made once."""
    return certificates.make_all(str(tmp_path_factory.mktemp("tls")))


@pytest.fixture(scope="module")
def shared(tmp_path_factory, tls_directory):
    """shared(tls=..., ...) gives one server for each set of options, as good as new."""
    servers = {}

    def get(**options):
        key = str(sorted(options.items()))
        if key not in servers:
            servers[key] = ScriptedServer(str(tmp_path_factory.mktemp("server")),
                                          tls_directory=tls_directory, **options)
        servers[key].forget()
        return servers[key]

    yield get
    for server in servers.values():
        server.stop()


@pytest.fixture
def serve(tmp_path, tls_directory):
    """serve(tls=..., ...) starts a scripted server; all are stopped at the end."""
    servers = []

    def start(**options):
        directory = tmp_path / ("server%d" % len(servers))
        servers.append(ScriptedServer(str(directory), tls_directory=tls_directory, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
