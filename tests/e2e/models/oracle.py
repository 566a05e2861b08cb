#!/usr/bin/env python3
"""Compares texts with those of a world: each once, equal ones as often as there are.

oracle.py EXPECTED ACTUAL      files with a text a line; prints "lost N twice N of N"
oracle.py --json EXPECTED ACTUAL.json   what `scan --json` printed
"""
import collections
import json
import sys


def plain(text):
    # A level in front is the record's severity, and not part of its message.
    return text.rstrip("\n").removeprefix("ERROR ")


def main():
    as_json = sys.argv[1] == "--json"
    expected_file, actual_file = sys.argv[-2:]
    with open(expected_file, encoding="utf-8") as lines:
        expected = collections.Counter(plain(line) for line in lines)
    with open(actual_file, encoding="utf-8") as lines:
        if as_json:
            actual = collections.Counter(plain(event["message"]) for event in json.load(lines)["events"])
        else:
            actual = collections.Counter(plain(line) for line in lines)
    lost, twice = sum((expected - actual).values()), sum((actual - expected).values())
    print(f"lost {lost} twice {twice} of {sum(expected.values())}")


if __name__ == "__main__":
    main()
