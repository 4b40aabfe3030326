"""What people get when a breaker opens: a mail server and a webhook, and what they do with the link."""

import email
import email.policy
import http.server
import json
import os
import re
import subprocess
import threading
import urllib.parse
import urllib.request

from support.process import Child, wait_until

SERVER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "component", "transfer", "smtp_server.py")


class Mailbox:
    """A real mail server (aiosmtpd of Debian, so Debian's Python) without TLS."""

    def __init__(self, folder):
        self.output = os.path.join(folder, "mails")
        command = ["/usr/bin/python3", "-B", SERVER]
        self.child = Child("mail server", command, self.output, input=subprocess.PIPE, error_output=self.output + ".log")
        wait_until("the mail server's port", self._lines, 20)
        self.url = f"smtp://127.0.0.1:{int(self._lines()[0])}"

    def _lines(self):
        with open(self.output, encoding="utf-8") as file:
            return file.read().splitlines()

    def mails(self):
        """[(recipients, subject, text)]"""
        found = []
        for line in self._lines()[1:]:
            row = json.loads(line)
            message = email.message_from_bytes(row["text"].encode("latin-1"), policy=email.policy.default)
            found.append((row["to"].split(), message["Subject"], message.get_content()))
        return found


class Webhook:
    """Takes every POST, or answers it with `status`."""

    def __init__(self):
        self.status, self.events, self.refused = 200, [], 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if outer.status == 200:
                    outer.events.append((self.headers["Content-Type"], json.loads(body)))
                else:
                    outer.refused += 1
                self.send_response(outer.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook?sig=secret"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def link_in(text):
    return re.search(r"http://\S+/resume\?token=\w+", text)[0]


def through(link, daemon):
    """The same link served by this daemon, as behind a load balancer."""
    parts = urllib.parse.urlsplit(link)
    return urllib.parse.urlunsplit(parts._replace(netloc=f"127.0.0.1:{daemon.port}"))


def follow(link):
    """GET: (status, page)."""
    return _ask(urllib.request.Request(link, headers={"Accept": "text/html"}))


def press(link):
    """POSTs the form of the link's page: (status, page)."""
    parts = urllib.parse.urlsplit(link)
    token = urllib.parse.parse_qs(parts.query)["token"][0]
    url = urllib.parse.urlunsplit(parts._replace(query=""))
    form = urllib.parse.urlencode({"token": token}).encode()
    headers = {"Accept": "text/html", "Content-Type": "application/x-www-form-urlencoded"}
    return _ask(urllib.request.Request(url, form, headers))


def _ask(request):
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
