#!/bin/sh
# The mail program of the test site: takes every message but those to boss, as a mail server that knows no such address.
if grep -qi '^To:.*boss@'; then exit 67; fi
exit 0
