"""The page of a ticket showed our agents a notice that we did not write: "your session has ended, log in here".

"It was in our own colours, with our own button. Two of my people clicked on it, and one had typed half of her password
when she saw the address. On the other tickets nothing is wrong. Reloading the page does not help: the notice comes
back with that one ticket. A customer has written a comment there, but when I read it with curl it is only text."
"""

import re

STARS = 2
FAMILY = ""
SECTION = "Edge and config"
FILE = "web/static/conversation.js"
CLEAN = """    el("p.user-text", { dir: "auto" }, comment.body),
  );
}
"""
PLANTED = """    withLinks(comment.body),
  );
}

/** The text of a comment with its addresses as links. */
function withLinks(text) {
  const node = el("p.user-text", { dir: "auto" });
  node.innerHTML = text.replace(/https?:[^ ]+/g, '<a href="$&">$&</a>');
  return node;
}
"""
HINTS = (
    "Add a comment with a word in it between <b> and </b>, and open the page of its ticket. What do you see? What does "
    "GET /tickets/1/comments say?",
    "The browser took a part of the text for HTML. The desk sends the comment as JSON: which script of the page makes "
    "elements of it?",
    "Read the first line of web/static/dom.js, then look in web/static/conversation.js for the one place that does not "
    "keep this promise.",
)
EXPLANATION = """
innerHTML reads its text as HTML. To make links clickable, the page put a customer's words into innerHTML, so the
customer could write any element of our page: a notice, a form, a picture from another server. The policy of the page
(Content-Security-Policy) stops scripts in it, but not a false notice. This is stored XSS: written once, shown to
everybody who opens the ticket. To remove "<script>" or to escape some characters leaves others, such as the quote in an
address. Give the browser text as text (textContent, append), and make each element by name; a link is an element with
an href, too. Store what the customer wrote as it is: what is dangerous depends on where it is shown.
"""
PROVENANCE = (
    "CWE-79: Improper Neutralization of Input During Web Page Generation (Cross-site Scripting)",
    "OWASP API8:2023 Security Misconfiguration",
    "opentok/learning-opentok-web #5: a message in innerHTML runs in the browser of everybody else",
    "faveosuite/faveo-helpdesk #8335: stored XSS in tickets and replies, and why escaping on input is not the answer",
)
MARKUP = re.compile(  # what makes a browser read a text as HTML or as a script
    r"innerHTML|outerHTML|insertAdjacentHTML|srcdoc|createContextualFragment|(?:set|parse)HTML|DOMParser|"
    r"document\s*\.\s*write|\beval\s*\(|\bFunction\s*\(|[\"'`]javascript:"
)
COMMENT = re.compile(r"/\*.*?\*/|^\s*//[^\n]*", re.S | re.M)


def check(lab):
    desk = lab.desk()
    desk.new_ticket()
    texts = (f"<b>{lab.word()}</b>", f'https://{lab.word()}.example/"id="x', f"3 < 4 & {lab.word()} > 2")
    for text in texts:
        desk.post("/tickets/1/comments", {"body": text}, {"X-User-Id": lab.word()})
    shown = [comment["body"] for comment in desk.get("/tickets/1/comments").json["comments"]]
    yield "comments are kept as they were written", list(texts), shown
    scripts = {}
    for page in ("/", "/docs"):
        reply = desk.get(page)
        text = reply.body.decode()
        yield f"{page} is there", 200, reply.status
        policy = reply.headers.get("Content-Security-Policy", "")
        yield f"{page} runs scripts of this desk only", True, "script-src 'self';" in policy
        inside = re.findall(r"<script(?![^>]*\bsrc=)|\son\w+\s*=", text)
        yield f"{page} has no script in its HTML", [], inside
        read_scripts(desk, re.findall(r'<script[^>]*src="([^"]+)"', text), scripts)
    yield "each script of the pages is there", [], [path for path, text in scripts.items() if text is None]
    code = {path: COMMENT.sub("", text or "") for path, text in scripts.items()}
    found = sorted({match for text in code.values() for match in MARKUP.findall(text)})
    yield "the scripts hand no text to the browser that it would read as HTML", [], found
    for what, name in (("the text of each comment", "comment.body"), ("who wrote it", "comment.author")):
        yield f"the page of a ticket shows {what}", True, any(name in text for text in code.values())


def read_scripts(desk, paths, scripts):
    """Add these scripts and all that they import to `scripts`, {path: text}; None for one that is not there."""
    for path in paths:
        if path not in scripts:
            reply = desk.get(path)
            scripts[path] = reply.body.decode() if reply.status == 200 else None
            imported = re.findall(r'(?:from|import)\s*\(?\s*["\']\./([\w.-]+)["\']', scripts[path] or "")
            read_scripts(desk, [f"/static/{name}" for name in imported], scripts)
