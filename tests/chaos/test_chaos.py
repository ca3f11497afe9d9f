"""Three seeds over each kind of TLS; more by hand with chaos.py."""
import pytest

from chaos import run_once


@pytest.mark.slow
@pytest.mark.parametrize("tls", ["starttls", "implicit"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_lost_and_no_double_unexplained(seed, tls):
    result, faults = run_once(seed, 300, tls)
    assert not faults, (result, faults)
    assert result["messages"] == 300 and sum(result["disasters"].values()) > 0
