import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "whole"))
from harness import Host  # noqa: E402
import certificates  # noqa: E402


@pytest.fixture(scope="session")
def tls_directory(tmp_path_factory):
    return certificates.make_all(str(tmp_path_factory.mktemp("tls")))


@pytest.fixture
def make_host(tmp_path, tls_directory):
    """As in tests/whole: hosts that are ended with the test, configured and not yet started."""
    hosts = []

    def make(**options):
        hosts.append(Host(tmp_path / ("host%d" % len(hosts)), tls_directory=tls_directory, **options))
        hosts[-1].configure()
        return hosts[-1]

    yield make
    for host in hosts:
        host.close()


@pytest.fixture
def host(make_host):
    return make_host()
