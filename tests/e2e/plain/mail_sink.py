#!/usr/bin/python3
"""A mail server on loopback that keeps what it is sent: each letter as N.eml, and its words as N.txt. Prints its port.

  mail_sink.py DIRECTORY
"""
import email
import email.policy
import os
import pathlib
import signal
import socket
import sys

from aiosmtpd.controller import Controller


class Keeper:
    def __init__(self, directory):
        self.directory = directory
        self.count = 0

    async def handle_DATA(self, server, session, envelope):
        letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
        body = letter.get_body(('plain',))
        words = body.get_content() if body else ''
        head = ''.join(f'{name}: {letter[name]}\n' for name in ('From', 'To', 'Subject'))
        self.count += 1
        for suffix, content in (('.eml', envelope.content), ('.txt', f'{head}\n{words}'.encode())):
            part = self.directory / f'part{suffix}'
            part.write_bytes(content)
            os.replace(part, self.directory / f'{self.count}{suffix}')
        return '250 kept'


def main():
    directory = pathlib.Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    controller = Controller(Keeper(directory), hostname='127.0.0.1', port=port)
    controller.start()
    print(f'listening on {port}', flush=True)
    signal.sigwait(signals)
    controller.stop()


main()
