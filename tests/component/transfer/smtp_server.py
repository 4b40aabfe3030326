#!/usr/bin/python3
"""A mail server for tests: smtp_server.py [--certificate PEM --key PEM] [--implicit-tls] [--user NAME --password TEXT]
[--refuse COMMAND=ANSWER]...

Prints its port, then each mail it took as a line of JSON: from, to, tls, user, text (Latin-1, as it came). COMMAND is
one of MAIL, RCPT, DATA. With a certificate it wants STARTTLS first, with a user also AUTH. Ends with its standard input.
"""
import argparse
import asyncio
import json
import logging
import ssl
import sys
import warnings

from aiosmtpd.smtp import SMTP, AuthResult


class Handler:
    def __init__(self, refusals):
        self.refusals = refusals

    async def handle_MAIL(self, server, session, envelope, address, options):
        if "MAIL" in self.refusals:
            return self.refusals["MAIL"]
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if "RCPT" in self.refusals:
            return self.refusals["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if "DATA" in self.refusals:
            return self.refusals["DATA"]
        mail = {"from": envelope.mail_from, "to": " ".join(envelope.rcpt_tos), "tls": session.ssl is not None,
                "user": session.auth_data or "", "text": envelope.original_content.decode("latin-1")}
        print(json.dumps(mail), flush=True)
        return "250 OK"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--implicit-tls", action="store_true")
    parser.add_argument("--user")
    parser.add_argument("--password")
    parser.add_argument("--refuse", action="append", default=[])
    options = parser.parse_args()
    logging.disable()
    warnings.simplefilter("ignore")

    context = None
    if options.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate, options.key)

    def authenticate(server, session, envelope, mechanism, data):
        good = data.login == options.user.encode() and data.password == options.password.encode()
        return AuthResult(success=good, handled=False, auth_data=options.user)

    settings = {}
    if options.user:
        settings.update(authenticator=authenticate, auth_required=True, auth_require_tls=not options.implicit_tls)
    if context and not options.implicit_tls:
        settings.update(tls_context=context, require_starttls=True)
    handler = Handler(dict(refusal.split("=", 1) for refusal in options.refuse))


    async def serve():
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(handler, hostname="test.example", loop=loop, **settings),
                                          "127.0.0.1", 0, ssl=context if options.implicit_tls else None)
        print(server.sockets[0].getsockname()[1], flush=True)
        await loop.run_in_executor(None, sys.stdin.read)

    asyncio.run(serve())


if __name__ == "__main__":
    main()
