"""Requests as text to run again: whatever a request has in it, bash, Python, JavaScript and editors send the same."""

import contextlib
import io
import json
import os
import random
import re
import shutil
import subprocess
import unittest
from types import SimpleNamespace
from unittest import mock

from tests.desk import CUSTOMER, DeskTest
from web.snippets import curl, fetch, http_file, python

BASE = "http://localhost:8080"
TOKEN = "it's \"$(exit 1)\" `exit 2` \\ $HOME"
PIECES = r"""' " \ ` $HOME $(exit) ! # ### @ @a=1 < <@file > >> {{ {{$guid}} }} { } [ ] % %s %0 \n \x41 \u0041 //
/* */ <!-- --> </script> ; & | * ? ~ = : ``` ''' ü é € 😀 a b 1""".split()
PIECES += [" ", "\n", "\t", "\r\n", "\u2028", "\x85", "\x7f", "\u202e"]
IN_BYTES = [*(piece.encode() for piece in PIECES), b"\x00", b"\xff", b"\xc3", b"\x01", b"\x1b"]
IN_TARGETS = [piece for piece in PIECES if re.fullmatch(r"[!-~]+", piece) and "#" not in piece]
IN_VALUES = [piece.encode().decode("latin-1") for piece in PIECES if not re.search(r"[\x00-\x1f\x7f]", piece)]
LEFT_OUT = {"host": "localhost", "user-agent": "x", "sec-websocket-protocol": "desk, token.secret", "accept": "*/*"}


def request(method="POST", target="/tickets", headers=None, body=b"") -> SimpleNamespace:
    return SimpleNamespace(method=method, target=target, headers=headers or {}, body=body)


def some_requests(count: int, seed: int) -> list[SimpleNamespace]:
    """Requests made of signs that mean something somewhere."""
    dice = random.Random(seed)

    def some(pieces, most=12):
        return [dice.choice(pieces) for _ in range(dice.randrange(most))]

    found = []
    for _ in range(count):
        text = "".join(some(PIECES))
        as_json = json.dumps({text: [text]}, indent=1, ensure_ascii=dice.random() < 0.5).encode()
        body = dice.choice([b"".join(some(IN_BYTES)), text.encode(), as_json, b""])
        headers = {**LEFT_OUT, "x-note": "".join(some(IN_VALUES)).strip(" \t"), "x-'&$!`": "1"}
        if body and dice.random() < 0.7:
            headers["content-type"] = "application/json"
        if dice.random() < 0.5:
            headers["authorization"] = f"Bearer {''.join(some(IN_VALUES))}secret"
        method = dice.choice("GET POST PATCH DELETE HEAD OPTIONS".split())
        found.append(request(method, "/" + "".join(some(IN_TARGETS)), headers, body))
    return found


def sent(of) -> dict:
    """{name: value} of the headers that a snippet of this request has to send."""
    kept = {name: value for name, value in of.headers.items() if name not in LEFT_OUT}
    if "authorization" in kept:
        kept["authorization"] = f"Bearer {TOKEN}"
    return kept


class Curl(unittest.TestCase):
    @unittest.skipUnless(shutil.which("bash") and os.name != "nt", "needs bash")
    def test_bash_gives_curl_exactly_the_request(self):
        requests = some_requests(200, seed=1)
        requests.append(request(body=b"x" * 300_000))
        stub = 'curl() { printf "%s\\0" "$@"; [ "${!#}" != @- ] || cat; printf "\\0<END>\\0"; }\n'
        script = stub + "\n".join(curl(each, BASE) for each in requests)
        done = subprocess.run(["bash"], input=script.encode(), capture_output=True, env={**os.environ, "TOKEN": TOKEN})
        self.assertEqual(done.stderr, b"")
        heard = done.stdout.split(b"\0<END>\0")
        self.assertEqual(len(heard), len(requests) + 1)
        for each, words in zip(requests, heard):
            self.assert_sends(each, words)

    def assert_sends(self, each, words):
        """These words for curl, with NULs between them, send this request."""
        words, _, piped = words.partition(b"--data-binary\0@-\0")
        words = words.split(b"\0")
        method, body, url, headers = "GET", None, None, {}
        options = iter(words)
        for word in options:
            if word == b"-H":
                name, colon, value = next(options).partition(b":")
                headers[name.removesuffix(b";").decode().lower()] = value.strip(b" ") if colon else b""
            elif word == b"--data-raw":
                method, body = "POST" if method == "GET" else method, next(options)
            elif word == b"-X":
                method = next(options).decode()
            elif word == b"-I":
                method = "HEAD"
            elif word not in (b"-i", b"--globoff", b"--path-as-is", b""):
                url = word.decode()
        if piped:
            method, body = "POST" if method == "GET" and b"-X" not in words else method, piped
        wanted = {name: value.encode("latin-1") for name, value in sent(each).items()}
        if each.body and each.method != "HEAD":
            wanted.setdefault("content-type", b"")  # the option that leaves it out
        if each.method == "GET" and each.body:
            self.assertEqual(words[1:3], [b"-X", b"GET"])
            method = "GET"
        self.assertEqual((method, url), (each.method, BASE + each.target))
        self.assertEqual(headers, wanted)
        self.assertEqual(body or b"", b"" if each.method == "HEAD" else each.body)

    def test_only_a_scheme_of_letters_stands_before_the_token(self):
        for value, written in (("Bearer a.b", "Bearer $TOKEN"), ("$(reboot) a", "$TOKEN"), ("a.b", "$TOKEN")):
            self.assertIn(f'"Authorization: {written}"', curl(request(headers={"authorization": value}), BASE))

    def test_a_command_is_as_short_as_it_can_be(self):
        command = curl(request("GET", "/tickets", {"host": "x"}), BASE)
        self.assertEqual(command, "curl -i 'http://localhost:8080/tickets'")


class Python(DeskTest):
    def test_a_program_sends_exactly_the_request(self):
        patched = mock.patch("http.client.HTTPConnection"), mock.patch.dict(os.environ, TOKEN=TOKEN)
        with patched[0] as connection, patched[1], contextlib.redirect_stdout(io.StringIO()):
            for each in some_requests(200, seed=2):
                exec(compile(python(each, BASE), "snippet", "exec"), {})
                connection.assert_called_with("localhost:8080")
                method, target, body, headers = connection.return_value.request.call_args.args
                self.assertEqual((method, target, body or b""), (each.method, each.target, each.body))
                self.assertEqual({name.lower(): value for name, value in headers.items()}, sent(each))

    def test_a_program_makes_the_ticket_that_the_request_made(self):
        text = "".join(filter(str.isprintable, PIECES)).strip()
        fields = {"title": "Again", "description": f"{text}\n{text}"}
        headers = {"content-type": "application/json", "x-user-id": "user-1", "content-length": "9"}
        said = io.StringIO()
        for body in (json.dumps(fields).encode(), json.dumps(fields, ensure_ascii=False).encode()):
            with contextlib.redirect_stdout(said):
                code = python(request(body=body, headers=headers), f"http://127.0.0.1:{self.desk.port}")
                exec(compile(code, "snippet", "exec"), {})
        self.assertEqual(said.getvalue().count("201 Created"), 2)
        made = [ticket["description"] for ticket in self.desk.get("/tickets", CUSTOMER).json["tickets"]]
        self.assertEqual(made, [fields["description"]] * 2)

    @unittest.skipUnless(shutil.which("curl") and shutil.which("bash"), "needs curl")
    def test_curl_makes_the_same_ticket(self):
        fields = {"title": "@Again", "description": "".join(filter(str.isprintable, PIECES)).strip()}
        headers = {"content-type": "application/json", "x-user-id": "user-1"}
        body = json.dumps(fields, ensure_ascii=False).encode()
        command = curl(request(body=body, headers=headers), f"http://127.0.0.1:{self.desk.port}")
        subprocess.run(["bash", "-c", command], capture_output=True, check=True)
        self.assertEqual(self.desk.get("/tickets/1").json["description"], fields["description"])

    def test_https_is_kept(self):
        self.assertIn("HTTPSConnection('desk.example')", python(request(), "https://desk.example"))


class Script(unittest.TestCase):
    def test_no_string_ends_a_script_element_or_a_line(self):
        for each in some_requests(200, seed=3):
            text = fetch(each, BASE)
            self.assertNotRegex(text, "</|<!|\u2028|\u2029")
            self.assertNotIn("secret", text)
            for string in re.findall(r'"(?:[^"\\]|\\.)*"', text):
                json.loads(string)

    @unittest.skipUnless(shutil.which("node"), "needs Node")
    def test_node_sends_exactly_the_request(self):
        requests = some_requests(200, seed=4)
        stub = """const out = []; globalThis.fetch = async (url, options) => {
          const bytes = typeof options.body === "string" ? new TextEncoder().encode(options.body) : options.body ?? [];
          out.push([url, options.method, options.headers ?? {}, [...bytes], typeof options.body]);
          return {status: 200, text: async () => ""};
        }; console.log = () => {};
        """
        calls = "".join(f"{{\n{fetch(each, BASE)}}}\n" for each in requests)
        script = f"{stub}(async () => {{ {calls} process.stdout.write(JSON.stringify(out)); }})();"
        done = subprocess.run(["node", "-"], input=script.encode(), capture_output=True)
        self.assertEqual(done.stderr.decode()[-500:], "")
        for each, (url, method, headers, body, kind) in zip(requests, json.loads(done.stdout), strict=True):
            wanted = sent(each)
            if "authorization" in wanted:
                wanted["authorization"] = "Bearer paste your token here"
            self.assertEqual((url, method), (BASE + each.target, each.method))
            self.assertEqual({name.lower(): value for name, value in headers.items()}, wanted)
            self.assertEqual(bytes(body), b"" if method in ("GET", "HEAD") else each.body)
            self.assertTrue(kind != "string" or "content-type" in wanted)


def read_http_file(text: str) -> list[tuple]:
    """The requests of a .http file as editors read it: [(request line, headers, body)]. An unknown sign is an error."""
    found = []
    text = text.replace("{{token}}", TOKEN)
    assert "{{" not in text, text
    for part in re.split(r"(?m)^###.*\n", text)[1:]:
        lines = [line for line in part.split("\n") if not re.match(r"\s*(#|//)", line)]
        head, _, body = "\n".join(lines).strip("\n").partition("\n\n")
        assert not re.search(r"(?m)^\s*(<|>|@|```)", body), body
        first, *fields = head.split("\n")
        found.append((first, dict(field.split(":", 1) for field in fields), body))
    return found


class HttpFile(unittest.TestCase):
    def test_an_editor_reads_exactly_the_requests(self):
        requests = some_requests(200, seed=5)
        text = http_file(requests, BASE)
        self.assertNotIn("secret", text)
        heard = read_http_file(text)
        self.assertEqual(len(heard), len(requests))
        written = 0
        for each, (first, headers, body) in zip(requests, heard):
            target = each.target.replace("{{", "%7B%7B")
            self.assertEqual(first, f"{each.method} {BASE}{target} HTTP/1.1")
            wanted = {name: value for name, value in sent(each).items() if "{{" not in value and name != "x-'&$!`"}
            self.assertEqual({name.lower(): value.strip(" ") for name, value in headers.items()}, wanted)
            try:
                self.assertEqual(json.loads(body), json.loads(each.body))
                written += 1
            except ValueError:
                self.assertIn(body, ("", each.body.decode(errors="replace")))
        self.assertGreater(written, 30)

    def test_what_cannot_be_written_is_told(self):
        texts = b"### next", b"a\n@b = 1", b"< ./passwords", b"\xff", b"{{$guid}}", b"# a", b"> {% run() %}", b" a"
        for body in texts:
            with self.subTest(body):
                text = http_file([request(headers={"content-type": "text/plain"}, body=body)], BASE)
                self.assertIn("cannot be written", text)
                self.assertNotIn(body.decode(errors="replace"), text.partition("HTTP/1.1")[2])

    def test_a_token_is_a_variable_with_a_line_of_its_own(self):
        text = http_file([request(headers={"authorization": "Bearer a.b.c"})], BASE)
        self.assertTrue(text.startswith("@token = "))
        self.assertIn("Authorization: Bearer {{token}}\n", text)
        self.assertNotIn("@token", http_file([request()], BASE))

    def test_each_request_has_a_name(self):
        text = http_file([request("GET", "/tickets?limit=1"), request()], BASE)
        self.assertEqual(re.findall("### (.*)", text), ["GET /tickets", "POST /tickets"])


class Headers(unittest.TestCase):
    def test_what_no_header_can_have_is_replaced(self):
        odd = request("GET", "/ws", {"x-user-id": "a\r\nX-Evil: 1\n\n### €"})
        for text in (curl(odd, BASE), python(odd, BASE), fetch(odd, BASE), http_file([odd], BASE)):
            self.assertIn("a??X-Evil: 1??### ?", text)

    def test_a_whole_url_as_target_is_sent_to_the_base(self):
        for target, path in (("http://elsewhere/tickets?a=1", "/tickets?a=1"), ("http://elsewhere", "/")):
            for write in (curl, fetch, lambda each, base: http_file([each], base)):
                self.assertIn(f"{BASE}{path}", write(request("GET", target), BASE))
            self.assertIn(repr(path), python(request("GET", target), BASE))
