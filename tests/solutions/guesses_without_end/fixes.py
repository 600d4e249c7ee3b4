"""Other fixes: (file, planted text, replacement)."""

GIVEN = 'given = request.headers.get("x-forwarded-for", self.client_address[0])  # a desk behind a proxy\n        '
USED = 'given.partition(",")[0].strip()'

# the throttle gets the address of the connection
OTHER = (
    ("web/handler.py", GIVEN, ""),
    ("web/handler.py", USED, "self.request.getpeername()[0]"),
)
# the last entry, but there is no proxy that has written it
LAZY = (("web/handler.py", USED, 'given.rpartition(",")[2].strip()'),)
# another header that anybody can write
INCOMPLETE = (("web/handler.py", '"x-forwarded-for"', '"x-real-ip"'),)
# only if it is the address of a machine on the internet
WRONG_PUBLIC = (
    ("web/handler.py", "import time\n", "import ipaddress\nimport time\n"),
    (
        "web/handler.py",
        USED,
        f"{USED} if ipaddress.ip_address({USED}).is_global else self.client_address[0]",
    ),
)
# one limit for everybody: nobody else can log in
SWITCHED_OFF = (
    ("web/identity.py", "FAILURES_OF_ADDRESS = 100, 60", "FAILURES_OF_ADDRESS = 10, 60"),
    (
        "web/identity.py",
        'return str(ip_network((address.partition("%")[0], 64), strict=False)) if ":" in address else address',
        'return "everybody"',
    ),
)
SEEN_BY = "tests.test_accounts.Floods.test_ten_wrong_passwords_shut_out_one_account_of_an_address_alone"
