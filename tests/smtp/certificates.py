"""Certificates for tests, made by openssl(1): one CA and what it signs, good and bad."""
import os
import subprocess


def _openssl(*args, directory):
    subprocess.run(("openssl",) + args, cwd=directory, check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def _key_and_request(directory, name, subject):
    _openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=" + subject,
             directory=directory)


def make_ca(directory, name="ca"):
    """NAME.pem and NAME.key; returns the path of NAME.pem."""
    _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-keyout", name + ".key", "-out", name + ".pem", "-subj", "/CN=postrider test " + name,
             "-days", "3650", "-addext", "basicConstraints=critical,CA:TRUE",
             "-addext", "keyUsage=critical,keyCertSign,cRLSign", directory=directory)
    return os.path.join(directory, name + ".pem")


def make_certificate(directory, name, ca="ca", names=("DNS:localhost", "IP:127.0.0.1", "IP:::1"),
                     dates=None):
    """
    NAME.pem and NAME.key, signed by the CA, for `names`; with `dates` a pair
    of YYYYMMDDHHMMSSZ instead of "from now for ten years".  Returns both paths.
    """
    _key_and_request(directory, name, names[0].split(":", 1)[1])
    with open(os.path.join(directory, name + ".cnf"), "w", encoding="ascii") as conf:
        conf.write("[ca]\ndefault_ca=own\n[own]\nnew_certs_dir=.\ndatabase=%s.db\nrand_serial=yes\n"
                   "default_md=sha256\npolicy=any\nx509_extensions=ext\nemail_in_dn=no\n"
                   "[any]\ncommonName=supplied\n[ext]\nsubjectAltName=%s\n"
                   "basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n" % (name, ",".join(names)))
    with open(os.path.join(directory, name + ".db"), "w", encoding="ascii"):
        pass
    when = ("-startdate", dates[0], "-enddate", dates[1]) if dates else ("-days", "3650")
    _openssl("ca", "-batch", "-notext", "-config", name + ".cnf", "-cert", ca + ".pem",
             "-keyfile", ca + ".key", "-in", name + ".csr", "-out", name + ".pem", *when,
             directory=directory)
    return os.path.join(directory, name + ".pem"), os.path.join(directory, name + ".key")


def make_all(directory):
    """
    What the tests of TLS need, below `directory` (made when missing):
    ca.pem; server (localhost, 127.0.0.1, ::1); expired; other-host; unknown-ca
    (signed by stranger.pem); self-signed.  Each NAME.pem with NAME.key.
    """
    os.makedirs(directory, exist_ok=True)
    make_ca(directory)
    make_ca(directory, "stranger")
    make_certificate(directory, "server")
    make_certificate(directory, "expired", dates=("20200101000000Z", "20200201000000Z"))
    make_certificate(directory, "other-host", names=("DNS:mail.elsewhere.example",))
    make_certificate(directory, "unknown-ca", ca="stranger")
    _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-keyout", "self-signed.key", "-out", "self-signed.pem", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-days", "3650",
             directory=directory)
    return directory
