#!/usr/bin/env python3
"""asked.py REQUESTS URL: what a model was asked, as a configuration of curl that asks the same again on one connection."""
import json
import sys


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def main():
    first = True
    with open(sys.argv[1], encoding="utf-8") as requests:
        for line in requests:
            method, path, headers, body = json.loads(line)
            if method == "DELETE":
                continue  # a point in time that was closed is asked again; the model keeps it (--keep-points)
            if not first:
                print("next")
            first = False
            print("url =", quoted(sys.argv[2] + path))
            print("globoff\nsilent\nfail-early\nfail\nrequest =", quoted(method))
            for name, value in headers.items():
                if name.lower() not in ("host", "content-length", "user-agent"):
                    print("header =", quoted(f"{name}: {value}"))
            if body:
                print("data-binary =", quoted(body))
            print('output = "/dev/null"')


if __name__ == "__main__":
    main()
