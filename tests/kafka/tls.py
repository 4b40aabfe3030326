"""A certificate authority and a broker's certificate for 127.0.0.1, made with openssl."""

import os
import subprocess


def _openssl(*arguments):
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"openssl {arguments[0]} failed:\n{done.stderr}")


def make(folder):
    """Writes ca.pem and returns the path of the broker's PEM keystore (key and chain), good for two days."""
    os.makedirs(folder, exist_ok=True)
    ca_key, ca, key, request, extensions, certificate, keystore = (
        os.path.join(folder, name)
        for name in ("ca.key", "ca.pem", "server.key", "server.csr", "server.ext", "server.crt", "server.pem")
    )
    ca_name = ["-subj", "/CN=HubFerry test authority", "-addext", "basicConstraints=critical,CA:TRUE"]
    _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", ca_key, "-out", ca, *ca_name)
    _openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", "/CN=localhost")
    with open(extensions, "w", encoding="utf-8") as file:
        file.write("subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n")
    signing = ["-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-extfile", extensions]
    _openssl("x509", "-req", "-in", request, "-days", "2", "-out", certificate, *signing)
    with open(keystore, "w", encoding="utf-8") as out:
        for part in (key, certificate, ca):
            with open(part, encoding="utf-8") as file:
                out.write(file.read())
    os.chmod(keystore, 0o600)
    return keystore
