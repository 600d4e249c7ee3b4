"""Accounts: log in and out, passwords, and the commands that change users while a desk runs."""

import socket
import struct
import unittest
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from unittest import mock

from tests.desk import Client, DeskTest, hash_quickly, run_tool
from web import accounts
from web.identity import Throttle, new_user, password_hash
from workflow import TooManyRequests

ANN, PASSWORD = "ann@example.com", "correct horse"
HANDSHAKE = (
    "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nAuthorization: {}\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


class AccountTest(DeskTest):
    environ = {"SUPPORT_DESK_AUTH": "tokens"}

    @classmethod
    def setUpClass(cls):
        hash_quickly(cls)
        cls.hash = password_hash(PASSWORD)

    def setUp(self):
        super().setUp()
        for email in (ANN, "bob@example.com"):
            user = {"email": email, "name": email[:3], "roles": ["agent"], "password_hash": self.hash}
            self.desk.add_user(user)

    def login(self, email=ANN, password=PASSWORD, headers=None):
        return self.desk.post("/user/login", {"email": email, "password": password}, headers)

    def token(self, email=ANN, password=PASSWORD) -> dict:
        return {"Authorization": f"Bearer {self.login(email, password).json['token']}"}

    def change(self, token, old=PASSWORD, new="battery staple"):
        return self.desk.post("/user/password", {"password": old, "new_password": new}, token)

    def command(self, *arguments, typed=""):
        return run_tool(*arguments, typed=typed, SUPPORT_DESK_DB=str(self.desk.database))


class Ending(AccountTest):
    def test_a_log_out_ends_all_tokens_of_the_user_at_once_and_nobody_elses(self):
        first, second, bob = self.token(), self.token(), self.token("bob@example.com")
        self.assertEqual(self.desk.post("/user/logout", {}, first).json, {"status": "logged out"})
        for token, status in ((first, 401), (second, 401), (bob, 200), (self.token(), 200)):
            self.assertEqual(self.desk.get("/tickets", token).status, status)

    def test_a_log_out_closes_the_users_open_streams_and_sockets(self):
        token = self.token()
        with closing(self.desk.connect()) as stream, closing(self.desk.connect()) as websocket:
            authorization = token["Authorization"]
            head = f"GET /events HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization}\r\n\r\n"
            stream.sendall(head.encode())
            websocket.sendall(HANDSHAKE.format(authorization).encode())
            self.assertIn(b" 200 OK", stream.recv(65536))
            self.assertIn(b" 101 Switching", websocket.recv(65536))
            self.desk.post("/user/logout", {}, token)
            self.assertTrue(read_all(stream).endswith(b"0\r\n\r\n"))
            self.assertEqual(read_all(websocket)[-2:], struct.pack(">H", 1008))

    def test_commands_of_a_running_desk_end_the_tokens_of_their_user(self):
        for arguments, typed, password in (
            (("--set-roles", ANN, "--roles", "customer"), "", PASSWORD),
            (("--set-password", "Ann@Example.com", "--password-stdin"), "staple battery\n", "staple battery"),
        ):
            token = self.token()
            self.assertEqual(self.desk.get("/tickets", token).status, 200)
            done = self.command(*arguments, typed=typed)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual(self.desk.get("/tickets", token).status, 401)
            self.assertEqual(self.login(password=password).json["user"]["roles"], ["customer"])
            done = self.command("--set-password", ANN, "--password-stdin", typed=f"{PASSWORD}\n")
            self.assertEqual(done.returncode, 0)

    def test_a_removed_user_is_out_and_stays_out_even_where_the_address_is_added_again(self):
        token = self.token()
        self.assertEqual(self.command("--remove-user", ANN).returncode, 0)
        self.assertEqual(self.desk.get("/tickets", token).status, 401)
        self.assertEqual(self.login().status, 401)
        self.command("--add-user", ANN, "--password-stdin", typed=f"{PASSWORD}\n")
        self.assertEqual(self.desk.get("/tickets", token).status, 401)
        self.assertEqual(self.desk.get("/tickets", self.token()).status, 200)

    def test_odd_commands_are_refused_with_what_to_do(self):
        for arguments, typed, said in (
            (("--remove-user", "nobody@example.com"), "", "is no user"),
            (("--set-roles", ANN), "", "--roles"),
            (("--set-roles", ANN, "--roles", "boss"), "", "customer, agent"),
            (("--set-password", ANN, "--password-stdin"), "12345678\n", "commonest"),
            (("--set-password", ANN, "--password-stdin"), "", "6 to 1024"),
        ):
            done = self.command(*arguments, typed=typed)
            self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1), done.stderr)
            self.assertIn(said, done.stderr)
        with self.assertRaises(SystemExit):  # two commands at once
            self.command("--set-roles", ANN, "--roles", "agent", "--remove-user", ANN)
        done = run_tool("--remove-user", ANN, SUPPORT_DESK_DB=f"{self.desk.database}-none")
        self.assertIn("there is no database", done.stderr)


class Passwords(AccountTest):
    def test_a_changed_password_ends_all_older_tokens_and_gives_a_new_one(self):
        token, other = self.token(), self.token()
        reply = self.change(token)
        self.assertEqual((reply.status, reply.json["user"]["id"]), (200, ANN))
        self.assertEqual(reply.headers["Cache-Control"], "no-store")
        for old in (token, other):
            self.assertEqual(self.desk.get("/tickets", old).status, 401)
        self.assertEqual(self.desk.get("/tickets", {"Authorization": f"Bearer {reply.json['token']}"}).status, 200)
        self.assertEqual((self.login().status, self.login(password="battery staple").status), (401, 200))

    def test_a_password_is_changed_by_the_right_old_one_alone(self):
        token = self.token()
        self.assert_refused(self.change(token, old="wrong"), 401, "UNAUTHORIZED")
        self.assert_refused(self.change({}), 401, "UNAUTHORIZED")
        self.assertEqual(self.desk.get("/tickets", token).status, 200)

    def test_whoever_has_a_token_cannot_guess_the_password_as_often_as_they_like(self):
        token = self.token()
        for _ in range(10):
            self.assertEqual(self.change(token, old="wrong").status, 401)
        self.assert_refused(self.change(token), 429, "TOO_MANY_REQUESTS")
        self.assertEqual(self.login().status, 200, "a login has a limit of its own")

    def test_a_password_may_have_any_characters_and_counts_exactly_as_it_is(self):
        old = PASSWORD
        for new in ("onlyletters", "20481632", "🐴🔋🖇🐎🔋📎", "two Words ", "x" * 1000):
            self.assertEqual(self.change(self.token(password=old), old, new).status, 200, new)
            for other in {f"{new} ", new.strip(), new.lower(), new[:72]} - {new}:
                self.assertEqual(self.login(password=other).status, 401, other)
            old = new

    def test_the_commonest_passwords_and_the_own_address_are_refused(self):
        token = self.token()
        for password in ("password", "12345678", "Password123", ANN, "ANN@example.com", "short"):
            reply = self.change(token, new=password)
            self.assert_refused(reply, 400, "VALIDATION_ERROR")
            self.assertEqual(list(reply.json["details"]), ["new_password"])
            with self.assertRaises(ValueError):
                new_user(ANN, "agent", password)

    def test_of_two_changes_at_once_with_the_same_old_password_one_is_made(self):
        def change(number):
            client = Client()
            client.port = self.desk.port
            try:
                fields = {"password": PASSWORD, "new_password": f"staple {number} battery"}
                return client.post("/user/password", fields, token).status
            finally:
                client.hang_up()

        token = self.token()
        with ThreadPoolExecutor(4) as pool:
            self.assertEqual(sorted(pool.map(change, range(4))), [200, 401, 401, 401])


class BehindAProxy(AccountTest):
    environ = {"SUPPORT_DESK_AUTH": "tokens", "CORS_ORIGINS": "https://desk.example"}

    def test_a_password_needs_12_characters_on_loopback_too(self):
        """A desk behind a proxy is on loopback, but strangers can try to log in; CORS_ORIGINS shows it."""
        self.assert_refused(self.change(self.token(), new="elevenchars"), 400, "VALIDATION_ERROR")
        add, origins = ("--add-user", "new@example.com", "--password-stdin"), self.environ["CORS_ORIGINS"]
        for password, status in (("elevenchars", 2), ("twelve chars", 0)):
            settings = {"SUPPORT_DESK_DB": str(self.desk.database), "CORS_ORIGINS": origins}
            self.assertEqual(run_tool(*add, typed=f"{password}\n", **settings).returncode, status)


class Floods(AccountTest):
    def test_of_many_logins_at_once_few_are_hashed_and_the_others_are_told_to_wait(self):
        hashed = []

        def fits(password, stored):
            hashed.append(password)
            return password == PASSWORD

        with mock.patch.object(accounts, "password_fits", fits):
            body = b'{"email":"ann@example.com","password":"wrong"}'
            head = b"POST /user/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            request = head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
            sockets = [self.desk.connect() for _ in range(60)]
            for one in sockets:
                one.sendall(request)
            statuses = [int(one.recv(65536).split()[1]) for one in sockets]
            for one in sockets:
                one.close()
        self.assertEqual(set(statuses), {401, 429})
        self.assertLessEqual(len(hashed), 20)

    def test_ten_wrong_passwords_shut_out_one_account_of_an_address_alone(self):
        for number in range(10):  # the address is that of the connection, whatever a header says
            forged = {"X-Forwarded-For": f"192.0.2.{number}", "X-Real-IP": f"192.0.2.{number}"}
            self.assertEqual(self.login(password="wrong", headers=forged).status, 401)
        self.assert_refused(self.login(), 429, "TOO_MANY_REQUESTS")
        self.assertEqual(self.login("bob@example.com").status, 200)

    def test_a_throttle_forgets_failures_after_a_minute(self):
        now = [0.0]
        throttle = Throttle(clock=lambda: now[0])
        for _ in range(10):
            throttle.start("here", ANN)
            throttle.finish("here", ANN, has_failed=True)
        with self.assertRaises(TooManyRequests) as refused:
            throttle.start("here", ANN)
        self.assertEqual(refused.exception.retry_after, 60)
        throttle.start("elsewhere", ANN)
        throttle.start("here", "bob")
        now[0] = 60.5
        throttle.start("here", ANN)

    def test_one_address_may_guess_at_a_hundred_accounts_a_minute(self):
        throttle = Throttle()
        for number in range(100):
            address = f"2001:db8::{number:x}"  # one owner has all of these
            throttle.start(address, f"user{number}")
            throttle.finish(address, f"user{number}", has_failed=True)
        with self.assertRaises(TooManyRequests):
            throttle.start("2001:db8::1:1", "one more")
        throttle.start("2001:db8:0:1::1", "one more")

    def test_a_login_that_never_came_back_is_forgotten(self):
        now = [0.0]
        throttle = Throttle(clock=lambda: now[0])
        for _ in range(10):
            throttle.start("here", ANN)
        with self.assertRaises(TooManyRequests):
            throttle.start("here", ANN)
        now[0] = 10.5
        throttle.start("here", ANN)


def read_all(sock: socket.socket) -> bytes:
    return b"".join(iter(lambda: sock.recv(65536), b""))


if __name__ == "__main__":
    unittest.main()
