"""Write a classifier of your own: it suggests by the words of the house, which a team leader keeps in a file.

"Your rules do not know our words. With us, a `Mahnung` is billing, and whoever writes `line 4 is down` means critical. I do not
want an LLM for that. I want to write the words into a file myself. And if I make a mistake in the file, the agents must go on
working: last time a comma was missing, and nobody could create a ticket."
"""

ORDER = 8
STARS = 3
CONTRACT = """
CLASSIFIER=glossary is one more classifier, beside rules, openai and the others; GET /health names it. GLOSSARY (option
--glossary) is the path of a JSON file: {"category": {"billing": ["Mahnung", "credit note"]}, "priority": {"critical": ["down"]}}. Each member may be left
out.
- POST /tickets/classify (and POST /api/tickets/classify, which is the same) suggests the choice of which most words are in the description; if two have equally many, the one
  that comes first in the file. Where no word is there, the built-in rules choose. `source` is `glossary`.
- Upper and lower case make no difference. A word counts once, and only as a whole: "down" is not in "download".
- An edit of the file counts from the next request on, without a restart.
- A file that cannot be used gives the published fallback: 200 with `source` `fallback` and a `warning`, or 503 with `Prefer:
  handling=strict`. Never a 500. That is a file that is missing, no JSON, of another shape, with a choice that the desk does
  not have, with a member beside `category` and `priority`, such as `categories`, or with an empty word "".
- The log says why, without the text of the customer: the line of a mistake in the JSON, the name that is unknown, or that a
  word is `empty`. Once the file is right again, so are the suggestions.
- New tickets get their category from the built-in rules, as before. A desk without CLASSIFIER=glossary works as before.
"""
HINTS = (
    "llm.py has the table PLUGINS. Its row for the rules is a function for texts. Start the desk with your row, and look at "
    "GET /health.",
    "Your function needs the setting GLOSSARY, and it gets only the text. Where does Assistant know both the plug-in and the "
    "settings?",
    "What happens now if a plug-in of the desk raises KeyError? Assistant.classify catches one kind of error only. Either raise "
    "this kind yourself for each thing that can be wrong, or let the Assistant catch all of them.",
    "The choices of the desk are in the rules that the Assistant gets: clean() of a rule raises an error for another value.",
    "To find whole words, re.escape() the word and put (?<!\\w) and (?!\\w) around it. casefold() is for both sides.",
)
EXPLANATION = """
A plug-in is code that the rest does not trust. So the question is where the line is: who catches what it raises, and who
checks what it returns. If each plug-in has to do it, the first one that forgets it gives a 500 to every agent. If the
Assistant does it for all, a bug of a plug-in looks like a service that is down, and only the log tells the difference; so the
log must say something, and it must not say the text of a customer. So the part that reads the file, and never sees a text,
gives its reason in full; the name of an error's class alone would not help anybody to find the comma.

A member `categories` could be ignored. Then the team leader would wait for suggestions that never come, without a word why.

The fallback is the answer that clients know already from an LLM that fails. A new kind of answer for a new kind of failure
would be one more case in each client.

To read the file for each request is the simplest way to see edits. It costs some microseconds on a worker thread. A cache by
the time of the last change is the next step, if somebody measures that it is needed.
"""
FILES = ("llm.py", "web/settings.py", "web/README.md")
