"""A competitor has written to our customers, and only to them: he knows who has an account here.

"He has no list of ours; he has a list of ten thousand addresses that he bought somewhere. Of these he wrote to the
twelve that have an account on our desk. In the log I see ten thousand failed logins, one for each address, all with
the same answer: the e-mail address or the password is wrong. So how does he know?"
"""

import hashlib
import time

STARS = 3
FAMILY = ""
SECTION = "Authorization"
FILE = "web/accounts.py"
CLEAN = "    return lambda: user if password_fits(password, stored) else None"
PLANTED = "    return lambda: user if user and password_fits(password, stored) else None"
HINTS = (
    "Add a user (`python3 app.py --add-user ann@example.com`), and log in with a wrong password; then with an address "
    "that has no account. The two answers are the same. Is there anything else that a client can measure?",
    "The log has the time of each request in milliseconds. Compare those of the two logins. Which step of a login is "
    "slow on purpose?",
    "Read check_password in web/accounts.py. What does the password thread do if there is no such user?",
)
EXPLANATION = """
A password hash is slow on purpose. It was computed only if the user exists, so a login with an unknown address was
answered in a millisecond, and one with a known address took as long as the hash. Both got the same words, but a clock
tells them apart, and one request for each address is enough (user enumeration by a timing attack). This is a common
bug, because leaving the slow step out looks like a good idea, and no functional test sees it. Do the same work in both
cases: here a hash against a value that no password fits. A random or a fixed pause does not help: the mean of some
requests removes the noise, and the pause does not grow with the load, as the hash does.
"""
PROVENANCE = (
    "CWE-208: Observable Timing Discrepancy",
    "CWE-204: Observable Response Discrepancy",
    "OWASP API2:2023 Broken Authentication",
    "Django ticket #20760: the time of a login shows whether the user exists",
    "craftcms/cms #6000: found in a penetration test",
)
SCRYPT = {"n": 2**14, "r": 8, "p": 1, "maxmem": 64 * 1024 * 1024}  # as slow as the desk's
TRIES = range(3, 7)  # of each; the shortest counts: other programs only make it slower


def check(lab):
    database = lab.temp_dir / "accounts.sqlite3"
    domain, password = f"{lab.word()}.example", f"{lab.word()} {lab.word()}"
    known = f"{lab.word()}@{domain}"
    desk = lab.desk(database=database)
    lab.note(f"echo '{password}' | python3 app.py --add-user {known} --password-stdin", "a user, while the desk runs")
    done = lab.run("--add-user", known, "--password-stdin", typed=f"{password}\n", SUPPORT_DESK_DB=str(database))
    yield "a user is added (exit status)", 0, done.status

    def log_in(address, typed=""):
        return desk.post("/user/login", {"email": address, "password": typed or lab.word()})

    wrong, unknown = log_in(known), log_in(f"{lab.word()}@{domain}")
    yield "a wrong password and an unknown address are refused", (401, 401), (wrong.status, unknown.status)
    answers = [{**reply.json, "request_id": ""} for reply in (wrong, unknown)]
    yield "a wrong password and an unknown address get the same answer", True, answers[0] == answers[1]
    kinds = {
        "a wrong password": lambda: log_in(known),
        "an unknown address of the same company, in capitals,": lambda: log_in(f"{lab.word()}@{domain}".upper()),
        "an unknown address of another company": lambda: log_in(f"{lab.word()}@{lab.word()}.example"),
        "the hash alone": lambda: hashlib.scrypt(password.encode(), salt=bytes(16), **SCRYPT),
    }
    seconds, turns = {what: [] for what in kinds}, list(kinds)
    for number in range(1, TRIES.stop):
        for what in turns:
            since = time.monotonic()
            kinds[what]()
            seconds[what].append(time.monotonic() - since)
        turns.append(turns.pop(0))  # each of them is first once: what a busy machine slows down is the first
        usual, *others, hashing = [min(times) for times in seconds.values()]
        # a pause for everybody hides no hash
        near = [least > usual / 3 and usual - least < hashing / 2 for least in others]
        if number in TRIES and all(near):
            break
    for what, least, is_near in zip(list(kinds)[1:], others, near):
        took = "yes" if is_near else f"no: {least * 1000:.0f} ms instead of {usual * 1000:.0f} ms"
        yield f"{what} takes about as long as a wrong password", "yes", took
    right = log_in(known.upper(), password)
    yield "the right password opens the desk, also with the address in capitals", 200, right.status
