# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS and proxies between the store and S3, over real sockets."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import threading
from contextlib import suppress

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.site.store import Store, StoreError
from botocore.config import Config
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.unit.plugins.module_utils.site.stub_s3 import StubS3, client, server_context


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A file with a certificate for localhost and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.2"))])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(1))
    builder = builder.add_extension(names, critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    signed = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    path.write_bytes(signed + private)
    return path


@pytest.fixture
def secure(certificate):
    made = StubS3(server_context(certificate))
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _bare(monkeypatch):
    for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def test_a_certificate_that_is_not_trusted_is_refused_at_once(secure):
    with pytest.raises(StoreError, match=r"SSLCertVerificationError: .*certificate verify failed") as failed:
        Store(client(secure.url), "b").put("a", b"x")
    assert failed.value.failure.attempts == 1
    assert secure.seen == []


def test_the_bundle_of_the_environment_is_trusted(secure, certificate, monkeypatch):
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    s3 = Store(client(secure.url), "b")
    s3.put("a", b"x" * 3_000_000)
    assert s3.get("a")[0] == b"x" * 3_000_000
    assert secure.connections == 1


def test_a_name_that_is_not_the_certificates_is_refused(secure, certificate):
    url = secure.url.replace("localhost", "127.0.0.1")
    with pytest.raises(StoreError, match=r"SSLCertVerificationError: .*127\.0\.0\.1"):
        Store(client(url), "b", verify=str(certificate)).get("a")


def test_verification_can_be_turned_off_as_for_boto3(secure):
    assert Store(client(secure.url), "b", verify=False).get("a") is None


def test_a_bundle_that_is_not_there_is_told(secure, tmp_path):
    with pytest.raises(StoreError, match="FileNotFoundError"):
        Store(client(secure.url), "b", verify=str(tmp_path / "none.pem"))


class Proxy:
    """Answers CONNECT with a tunnel, or with status if that is not 200; what it was asked is in heads."""

    def __init__(self, status=200):
        self.status, self.heads = status, []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=(self._listener.accept()[0],), daemon=True).start()

    def _serve(self, sock):
        head = b""
        while b"\r\n\r\n" not in head:
            head += sock.recv(65536)
        self.heads.append(head.decode("latin-1"))
        words = head.split()
        if words[0] != b"CONNECT":
            target = words[1].split(b"/")[2]
            onward = self._to(target)
            onward.sendall(head)
        else:
            sock.sendall(b"HTTP/1.1 %d Proxied\r\nvia: test\r\n\r\n" % self.status)
            if self.status != 200:
                return sock.close()
            onward = self._to(words[1])
        threading.Thread(target=_pump, args=(onward, sock), daemon=True).start()
        return _pump(sock, onward)

    @staticmethod
    def _to(target):
        host, _colon, port = target.decode().partition(":")
        return socket.create_connection((host, int(port)))

    def close(self):
        self._listener.close()


def _pump(source, sink):
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


def test_https_goes_through_a_tunnel(secure, certificate, monkeypatch):
    proxy = Proxy()
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:pass@{proxy.address}")
    s3 = Store(client(secure.url), "b", verify=str(certificate))
    s3.put("a", b"x")
    assert s3.get("a")[0] == b"x"
    (head,) = proxy.heads
    assert head.startswith(f"CONNECT {secure.url.removeprefix('https://')} HTTP/1.1\r\n")
    assert "proxy-authorization: Basic dXNlcjpwYXNz\r\n" in head
    assert "proxy-authorization" not in secure.seen[0].headers
    proxy.close()


def test_a_tunnel_that_is_refused_is_told(secure, certificate, monkeypatch):
    proxy = Proxy(status=407)
    monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.address}")
    monkeypatch.setattr("ansible_collections.slipway.ops.plugins.module_utils.site.s3_client.Budget", _Spent)
    with pytest.raises(StoreError, match=r"the proxy 127\.0\.0\.1 answered 407 to CONNECT localhost"):
        Store(client(secure.url), "b", verify=str(certificate)).get("a")
    proxy.close()


class _Spent:
    def spend(self):
        return False


def test_http_goes_through_a_proxy_that_gets_the_whole_url():
    stub, proxy = StubS3(), Proxy()
    # Not through the environment, which may exempt localhost.
    config = Config(proxies={"http": f"http://user:pass@{proxy.address}"})
    s3 = Store(client(stub.url, config=config), "b")
    assert s3.put("a b", b"x")
    assert proxy.heads[0].startswith(f"PUT {stub.url}/b/a%20b HTTP/1.1\r\nproxy-authorization: Basic dXNlcjpwYXNz\r\n")
    stub.close()
    proxy.close()


def test_a_proxy_that_cannot_be_used_is_told(secure, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "https://127.0.0.1:1")
    with pytest.raises(StoreError, match="only http proxies are supported"):
        Store(client(secure.url), "b", verify=False)


def test_a_host_without_proxy_is_reached_directly(secure, certificate, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "localhost")
    assert Store(client(secure.url), "b", verify=str(certificate)).get("a") is None
