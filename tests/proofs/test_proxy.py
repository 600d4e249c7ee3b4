"""The desk behind nginx and behind Caddy, with TLS: the configurations are those of web/README.md, word for word."""

import gzip
import http.client
import json
import os
import re
import shlex
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
import unittest
from contextlib import nullcontext
from pathlib import Path

from tests.desk import ROOT, TIMEOUT, Client, DeskProcess, run_tool
from tests.listeners import PING, PONG, EventReader, SocketClient
from tests.programs import needs

NAME = "desk.example.com"
ORIGIN = {"Origin": f"https://{NAME}"}
NEW = {"title": "Login broken", "description": "Cannot get in"}
ANN, BOB = "ann@example.com", "bob@example.com"
PASSWORD = "correct horse battery"
MIB = 1024 * 1024
PAGE = (ROOT / "web" / "README.md").read_text(encoding="utf-8")


def written(language: str) -> str:
    """The configuration in the page's only code block of this language."""
    (text,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)
    return text


def settings() -> dict:
    """The environment in the command that starts the desk behind a proxy."""
    (line,) = re.findall(r"^(.*CORS_ORIGINS=\S+) python3 app\.py$", PAGE, re.M)
    return dict(word.split("=", 1) for word in shlex.split(line))


def replaced(text: str, **changes: str) -> str:
    """`text` with each key of `changes` replaced; a missing key is a failure."""
    for old, new in changes.items():
        if old not in text:
            raise AssertionError(f"the configuration has no {old!r}")
        text = text.replace(old, new)
    return text


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [sock.getsockname()[1] for sock in sockets]
    for sock in sockets:
        sock.close()
    return ports


def setUpModule():
    """A certificate that is its own authority."""
    global folder, trust
    folder = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(folder.cleanup)
    certificate, key = Path(folder.name, "desk.crt"), Path(folder.name, "desk.key")
    if shutil.which("openssl"):
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        command += ["-days", "2", "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
        subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True, timeout=60)
        trust = certificate


class SecureConnection(http.client.HTTPSConnection):
    """A connection to the proxy on this machine, which asks for the desk by its public name."""

    def __init__(self, port: int, name: str = NAME):
        super().__init__(name, timeout=TIMEOUT, context=ssl.create_default_context(cafile=trust))
        self.address = ("127.0.0.1", port)

    def connect(self):
        sock = socket.create_connection(self.address, timeout=TIMEOUT)
        try:
            self.sock = self._context.wrap_socket(sock, server_hostname=self.host)
        except BaseException:
            sock.close()
            raise


class SecureClient(Client):
    def __init__(self, port: int):
        self.port = port

    def request(self, method, path, body=None, headers=None):
        self._connection = self._connection or SecureConnection(self.port)
        return super().request(method, path, body, headers)


class SecureReader(EventReader):
    def connect(self, port):
        return SecureConnection(port)


class SecureSocket(SocketClient):
    host = NAME

    def connect(self, port):
        connection = SecureConnection(port)
        connection.connect()
        return connection.sock


class Proxy:
    """A proxy as a process of its own, in a folder of its own, with the configuration of the page."""

    def __init__(self, desk_port: int):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        self.port, self.plain_port = free_ports(2)
        config = self.config(desk_port)
        self.log = open(self.path / "log", "w+")
        self.process = subprocess.Popen(self.command(config), stdout=self.log, stderr=self.log, env=self.environ())
        deadline = time.monotonic() + TIMEOUT
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT).close()
                return
            except ConnectionRefusedError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    problem = f"{type(self).__name__} did not start: {self.stop()}"
                    raise AssertionError(problem) from None
                time.sleep(0.01)

    def environ(self) -> dict:
        """It keeps what it keeps in its own folder."""
        return {**os.environ, **dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"), self.folder.name)}

    def stop(self) -> str:
        """End it; what it has written."""
        self.process.terminate()
        self.process.wait(TIMEOUT)
        self.log.seek(0)
        text = self.log.read()
        self.log.close()
        self.folder.cleanup()
        return text


class Nginx(Proxy):
    def config(self, desk_port):
        ports = {"listen 443": f"listen 127.0.0.1:{self.port}", "listen 80": f"listen 127.0.0.1:{self.plain_port}"}
        files = {"/etc/ssl/desk.": f"{folder.name}/desk."}
        return replaced(written("nginx"), **{"127.0.0.1:8080": f"127.0.0.1:{desk_port}"}, **ports, **files)

    def command(self, config):
        (self.path / "desk.conf").write_text(config)
        temporary = "".join(
            f"{kind}_temp_path {self.path};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        around = f"pid {self.path}/pid; daemon off; master_process off; error_log stderr; events {{}}"
        around += f"http {{ access_log off; {temporary} include {self.path}/desk.conf; }}"
        (self.path / "nginx.conf").write_text(around)
        return ["nginx", "-e", "stderr", "-p", self.folder.name, "-c", self.path / "nginx.conf"]


class Caddy(Proxy):
    def config(self, desk_port):
        ports = f"{{\n\tadmin off\n\thttp_port {self.plain_port}\n\thttps_port {self.port}\n}}\n"
        certificate = f"{NAME} {{\n\tbind 127.0.0.1\n\ttls {folder.name}/desk.crt {folder.name}/desk.key"
        return ports + replaced(
            written("caddyfile"), **{"127.0.0.1:8080": f"127.0.0.1:{desk_port}", f"{NAME} {{": certificate}
        )

    def command(self, config):
        (self.path / "Caddyfile").write_text(config)
        return ["caddy", "run", "--adapter", "caddyfile", "--config", self.path / "Caddyfile"]


class BehindProxy:
    """What holds behind every proxy; each test has a proxy and a desk of its own."""

    proxy_class: type[Proxy]

    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.database = Path(place.name, "desk.sqlite3")
        facts = {"SUPPORT_DESK_AUTH": "tokens", "SUPPORT_DESK_DB": str(self.database), "HOST": "0.0.0.0"}
        for email in (ANN, BOB):
            options = "--add-user", email, "--roles", "agent", "--password-stdin"
            self.assertEqual(run_tool(*options, typed=PASSWORD, **facts).returncode, 0)
        self.start_desk("0")
        self.proxy = self.proxy_class(self.desk.port)
        self.addCleanup(self.proxy.stop)
        self.client = SecureClient(self.proxy.port)
        self.addCleanup(self.client.hang_up)

    def start_desk(self, port):
        self.desk = DeskProcess(
            self.database, **{**settings(), "SUPPORT_DESK_SECRET": "only for tests " * 3, "PORT": port}
        )
        self.addCleanup(self.desk.stop)

    def log_in(self, password=PASSWORD, client=None, email=ANN):
        login = {"email": email, "password": password}
        return (client or self.client).post("/user/login", login, ORIGIN)

    def agent(self) -> dict:
        """The headers with which the page sends a request for an agent who has logged in."""
        return {"Authorization": f"Bearer {self.log_in().json['token']}", **ORIGIN}

    def assert_error(self, reply, status):
        self.assertEqual((reply.status, reply.headers["Content-Type"]), (status, "application/json"), reply.body)
        self.assertLessEqual({"error", "code", "message", "details", "request_id"}, set(reply.json))
        self.assertNotIn("{", reply.json["request_id"] + reply.json["error"])
        self.assertEqual(reply.headers["Strict-Transport-Security"], "max-age=31536000")

    def test_the_page_comes_over_tls_once(self):
        page = self.client.get("/")
        self.assertEqual((page.status, page.headers["Content-Type"]), (200, "text/html; charset=utf-8"))
        self.assertEqual(page.body, self.desk.get("/").body)
        self.assertEqual(page.headers["Strict-Transport-Security"], "max-age=31536000")
        self.assertEqual(page.headers["Cache-Control"], "no-cache")
        accepts = {"Accept-Encoding": "gzip, br"}
        packed = self.client.get("/", accepts)
        self.assertEqual(gzip.decompress(packed.body), page.body)
        known = self.client.get("/", {**accepts, "If-None-Match": packed.headers["ETag"]})
        self.assertEqual((known.status, known.body), (304, b""))

    def test_it_speaks_http_2(self):
        context = ssl.create_default_context(cafile=trust)
        context.set_alpn_protocols(["h2", "http/1.1"])
        with socket.create_connection(("127.0.0.1", self.proxy.port), timeout=TIMEOUT) as sock:
            with context.wrap_socket(sock, server_hostname=NAME) as secure:
                self.assertEqual(secure.selected_alpn_protocol(), "h2")

    def test_tls_before_1_2_is_refused(self):
        for name, is_known in ((NAME, True), ("evil.example.com", False)):
            for version, is_taken in ((ssl.TLSVersion.TLSv1_3, is_known), (ssl.TLSVersion.TLSv1_1, False)):
                context = ssl.create_default_context(cafile=trust)
                context.set_ciphers("DEFAULT:@SECLEVEL=0")  # without it no client of today would offer TLS 1.1
                context.minimum_version = context.maximum_version = version
                with socket.create_connection(("127.0.0.1", self.proxy.port), timeout=TIMEOUT) as sock:
                    with nullcontext() if is_taken else self.assertRaises(ssl.SSLError):
                        context.wrap_socket(sock, server_hostname=name).close()

    def test_plain_http_leads_to_tls(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.proxy.plain_port, timeout=TIMEOUT)
        self.addCleanup(connection.close)
        connection.request("GET", "/docs?x=1", headers={"Host": NAME})
        answer = connection.getresponse()
        answer.read()
        self.assertIn(answer.status, (301, 308))
        self.assertEqual(answer.headers["Location"], f"https://{NAME}/docs?x=1")

    def test_another_name_does_not_reach_the_desk(self):
        with self.assertRaises(ssl.SSLError):
            SecureConnection(self.proxy.port, "evil.example.com").connect()
        reply = self.client.get("/health", {"Host": "evil.example.com"})
        self.assertNotIn(b"ok", reply.body)
        self.assertNotIn("/health", self.desk.read_log())

    def test_a_write_of_the_page_is_taken_and_one_of_another_page_is_refused(self):
        agent = self.agent()
        made = self.client.post("/tickets", NEW, agent)
        self.assertEqual((made.status, made.headers["Location"]), (201, "/tickets/1"))
        foreign = self.client.post("/tickets", NEW, {**agent, "Origin": "https://evil.example.com"})
        self.assertEqual((foreign.status, foreign.json["code"]), (403, "FORBIDDEN"))

    def test_a_version_is_checked(self):
        agent = self.agent()
        tag = self.client.post("/tickets", NEW, agent).headers["ETag"]
        self.assertEqual(self.client.get("/tickets/1", {**agent, "If-None-Match": tag}).status, 304)
        changed = self.client.patch("/tickets/1", {"title": "Other"}, {**agent, "If-Match": tag})
        self.assertEqual(changed.status, 200)
        stale = self.client.patch("/tickets/1", {"title": "Third"}, {**agent, "If-Match": tag})
        self.assertEqual((stale.status, stale.headers["ETag"]), (412, changed.headers["ETag"]))

    def test_a_retry_gets_the_same_bytes(self):
        headers = {**self.agent(), "Idempotency-Key": "key-1"}
        first, again = self.client.post("/tickets", NEW, headers), self.client.post("/tickets", NEW, headers)
        self.assertEqual((again.status, again.body), (first.status, first.body))
        self.assertEqual(again.headers["Idempotent-Replayed"], "true")

    def test_an_error_of_the_desk_passes_unchanged(self):
        for path in ("/nowhere", "/tickets"):
            stated = {"X-Request-Id": "req-1"}
            near, far = self.desk.get(path, stated), self.client.get(path, stated)
            self.assertEqual((far.status, far.body), (near.status, near.body))
            for name in set(near.headers) - {"Date", "Connection"}:
                self.assertEqual(far.headers[name], near.headers[name], name)

    def test_a_body_may_have_a_mebibyte_and_no_more(self):
        agent = {**self.agent(), "Content-Type": "application/json"}
        body = json.dumps(NEW).encode()
        self.assertEqual(self.client.post("/tickets", body.ljust(MIB), agent).status, 201)
        self.assert_error(self.client.post("/tickets", body.ljust(MIB + 1), agent), 413)

    def test_an_event_arrives_at_once(self):
        agent = self.agent()
        reader = SecureReader(self.proxy.port, agent)
        self.addCleanup(reader.close)
        self.assertEqual(reader.response.headers["Content-Type"], "text/event-stream")
        self.assertEqual(reader.response.readline(), b"retry: 2000\n")
        for number in range(3):
            self.client.post("/tickets", NEW, agent)
            self.assertEqual(reader.next_event()["data"]["ticket"]["id"], number + 1)

    def test_a_websocket_works_and_answers_pings(self):
        token = self.agent()["Authorization"].removeprefix("Bearer ")
        client = SecureSocket(self.proxy.port, headers={**ORIGIN, "Sec-WebSocket-Protocol": f"desk, token.{token}"})
        self.addCleanup(client.close)
        self.assertEqual(client.status, 101)
        client.send_command("CreateTicket", ticket=NEW)
        self.assertEqual(client.receive()["_tag"], "TicketCreated")
        client.send_frame(PING, b"still there?")
        opcode, payload = client.receive_frame()
        while opcode == PING:
            opcode, payload = client.receive_frame()
        self.assertEqual((opcode, payload), (PONG, b"still there?"))

    def test_a_desk_that_is_down_is_a_5xx_until_it_is_back(self):
        headers = {**self.agent(), "Idempotency-Key": "key-1"}
        made, port = self.client.post("/tickets", NEW, headers), str(self.desk.port)
        self.desk.kill()
        self.assert_error(self.client.post("/tickets", NEW, headers), self.status_when_down)
        self.start_desk(port)
        self.assertEqual(self.client.post("/tickets", NEW, headers).body, made.body)


@needs("nginx", "openssl")
class BehindNginx(BehindProxy, unittest.TestCase):
    proxy_class, status_when_down = Nginx, 503

    def test_one_address_cannot_keep_the_owner_of_an_account_from_logging_in(self):
        replies = [self.log_in("a wrong password") for _ in range(12)]
        self.assertEqual({reply.status for reply in replies[:5]}, {401})
        self.assert_error(replies[-1], 429)
        self.assertEqual(self.log_in(client=self.desk).status, 200)  # to the desk this is the same address


@needs("caddy", "openssl")
class BehindCaddy(BehindProxy, unittest.TestCase):
    proxy_class, status_when_down = Caddy, 502

    def test_to_the_desk_all_clients_have_one_address(self):
        statuses = [self.log_in("a wrong password").status for _ in range(11)]
        self.assertEqual(statuses, [401] * 10 + [429])
        self.assertEqual(self.log_in(client=self.desk).status, 429)
        self.assertEqual(self.log_in(email=BOB).status, 200)  # ten failures shut out one account alone


if __name__ == "__main__":
    unittest.main()
