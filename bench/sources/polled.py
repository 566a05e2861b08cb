#!/usr/bin/env python3
"""polled.py REQUESTS URL: asks what a model was asked, on one connection, as a poller must: an answer is parsed before the next is asked
for, since that begins where it ends. Nothing is done with what they hold."""
import http.client
import json
import sys
import urllib.parse


def main():
    place = urllib.parse.urlsplit(sys.argv[2])
    connection = http.client.HTTPConnection(place.hostname, place.port)
    with open(sys.argv[1], encoding="utf-8") as requests:
        asked = [json.loads(line) for line in requests]
    for method, path, headers, body in asked:
        if method == "DELETE":
            continue  # as asked.py does
        known = {name: value for name, value in headers.items() if name.lower() not in ("host", "content-length", "user-agent")}
        connection.request(method, path, body or None, known)
        answer = connection.getresponse()
        if answer.status // 100 != 2:
            sys.exit(f"{path}: {answer.status}")
        json.loads(answer.read())


if __name__ == "__main__":
    main()
