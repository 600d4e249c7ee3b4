"""Another company has found our LLM key in its log, and texts of our customers beside it.

"They were polite about it: the domain that our LLM vendor has given up is theirs now, and so are all requests that
still come to it. We never entered that domain anywhere. OPENAI_BASE_URL is still the vendor's proxy in our own house,
as it has been for two years. Why does the desk send our key to somebody we have never heard of?"
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STARS = 3
FAMILY = ""
SECTION = "Dependencies and errors"
FILE = "llm.py"
CLEAN = """        with closing(self._connection), self._send() as response:
"""
PLANTED = """        with closing(self._connection), self._send() as response:
            if response.status in (301, 302, 307, 308):  # the vendor has moved
                moved = self._request._replace(url=response.headers.get("Location", ""))
                return CancellableCall(moved, self._connection.timeout).answer_text()
"""
HINTS = (
    "Point OPENAI_BASE_URL at a small server of yours that answers with 307 and a Location on another port, and let "
    "a second server listen there (a dozen lines each with Python's http.server). Ask for a suggestion.",
    "What does the second server get: which headers, which body? Who decides where it is?",
    "Read CancellableCall in llm.py: it sends the key with each request. What does it do with a status of 3xx?",
)
EXPLANATION = """
The desk followed redirects, and sent the same request again, with the key and the customer's text, to whatever address
the first server named (a credential leak through a redirect). So whoever can make that server answer with a Location
gets both: somebody who buys an old domain, a misconfigured proxy, a captive portal. Clients have had this bug for many
years: they removed the key for another host, but not for another port or for http instead of https, or for 302 but not
for 307. To remove the key is not enough here, because the text is secret, too. A program that calls one configured
address needs no redirects: treat each as a failure. If you must follow one, then only to the same scheme, host and port
(the same origin).
"""
PROVENANCE = (
    "CWE-522: Insufficiently Protected Credentials",
    "CWE-601: URL Redirection to Untrusted Site",
    "OWASP API10:2023 Unsafe Consumption of APIs",
    "curl CVE-2018-1000007 and CVE-2022-27774: credentials sent to another host or port after a redirect",
    "forwardemail/superagent #1844: the key is removed after 301, 302 and 303, but not after 307 and 308",
)
STATUSES = (301, 302, 303, 307, 308)


class Server:
    """A server that keeps what it gets, and answers with `status`, these headers and an LLM's answer."""

    def __init__(self):
        self.status, self.location, self.received = 200, "", []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.port = self._server.server_port

    def _handler(server):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                server.received.append(f"{self.headers}{body.decode()}")
                content = '{"category": "billing", "priority": "high"}'
                answer = json.dumps({"choices": [{"message": {"content": content}}]}).encode()
                is_moved = server.location and "moved" not in self.path
                self.send_response(server.status if is_moved else 200)
                if is_moved:
                    self.send_header("Location", server.location)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST

            def log_message(self, *_):
                pass

        return Handler

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def check(lab):
    vendor, stranger = lab.close_at_end(Server()), lab.close_at_end(Server())
    key, words = f"key-{lab.word()}", lab.word()
    desk = lab.desk(CLASSIFIER="openai", OPENAI_API_KEY=key, OPENAI_BASE_URL=f"http://127.0.0.1:{vendor.port}/v1")

    def suggestion():
        who = {"X-User-Id": lab.word()}
        reply = desk.post("/tickets/classify", {"description": f"Charged twice {words}"}, who)
        return reply.status, (reply.json or {}).get("source")

    yield "a suggestion comes from the LLM", (200, "openai"), suggestion()
    yield "the LLM gets the key and the text", [True], [key in got and words in got for got in vendor.received]
    strangers = {
        "another port": f"http://127.0.0.1:{stranger.port}/v1/moved",
        "another name": f"http://localhost:{stranger.port}/v1/moved",
        "another host without a scheme": f"//127.0.0.1:{stranger.port}/v1/moved",
    }
    number = desk.new_ticket(description=f"Charged twice {words}")["id"]
    for where, address in strangers.items():
        answers, sources = [], []
        for status in STATUSES:
            vendor.status, vendor.location = status, address
            answers.append(suggestion()[0])
            vendor.location = ""
            sources.append(suggestion())
        yield f"suggestions go on while the LLM's server points to {where}", [200] * len(STATUSES), answers
        seen = set(sources)
        yield f"suggestions come from the LLM as soon as its server does not point to {where}", {(200, "openai")}, seen
    vendor.location, vendor.status = strangers["another port"], 307
    draft = desk.post(f"/tickets/{number}/draft", {})
    yield "a draft comes meanwhile, too", 201, draft.status
    received = "".join(stranger.received)
    found = {"the key": key in received, "a customer's text": words in received}
    yield "the server it points to has got neither", {"the key": False, "a customer's text": False}, found
    yield "the server it points to has got no request at all", 0, len(stranger.received)
    reasons = [line for line in desk.log().splitlines() if "openai" in line and "ERROR" in line]
    yield "the log says that the LLM gave no answer", True, len(reasons) >= len(STATUSES)
