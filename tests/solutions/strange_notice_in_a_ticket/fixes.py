"""Other fixes: (file, planted text, replacement)."""

FILE = "web/static/conversation.js"
HTML = """  node.innerHTML = text.replace(/https?:[^ ]+/g, '<a href="$&">$&</a>');
"""

# the links stay, as elements that are made by name
OTHER = (
    (
        FILE,
        HTML,
        """  for (const word of text.split(/(https?:[^ ]+)/)) {
    node.append(word.startsWith("http") ? el("a", { href: word }, word) : word);
  }
""",
    ),
)
# no script elements
LAZY = (
    (FILE, "text.replace(/https?", 'text.replaceAll("<script", "").replace(/https?'),
)
# no tags, but an address may still have a quote in it
INCOMPLETE = ((FILE, "text.replace(/https?", 'text.replaceAll("<", "&lt;").replace(/https?'),)
# comments with a < in them are refused
WRONG_REFUSED = (
    (
        "app.py",
        """    internal = request.fields.get("internal", False)
""",
        """    if "<" in request.fields["body"]:
        raise workflow.Invalid("a comment is text, not HTML")
    internal = request.fields.get("internal", False)
""",
    ),
    (FILE, HTML, "  node.append(text);\n"),
)
# the page shows no comments
SWITCHED_OFF = ((FILE, "    withLinks(comment.body),\n", ""), (FILE, HTML, ""))
SEEN_BY = "tests.test_files.Sources.test_text_never_becomes_markup"
