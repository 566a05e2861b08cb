#!/usr/bin/python3
"""Waits until a gateway has looked at what is stored, and says how long that took and what it wrote.

  catch_up.py STORE PID EVENTS       lines "NAME VALUE"
"""
import os
import pathlib
import sqlite3
import sys
import time

store, pid, events = sys.argv[1], sys.argv[2], int(sys.argv[3])
process = pathlib.Path('/proc') / pid
began = time.monotonic()
reading = sqlite3.connect('file:%s?mode=ro' % store, uri=True, timeout=30)


def position(name):
    row = reading.execute('SELECT text FROM positions WHERE target = ?', (name,)).fetchone()
    return int(bytes(row[0]).split()[0]) if row else 0


def wait_for(name):
    while position(name) < events:
        if not process.exists():
            raise SystemExit('the gateway has ended')
        time.sleep(0.05)
    return time.monotonic() - began


def processor_seconds():
    fields = (process / 'stat').read_text().rsplit(')', 1)[1].split()
    ticks = os.sysconf('SC_CLK_TCK')
    return int(fields[11]) / ticks, int(fields[12]) / ticks


seconds = wait_for('detect')
user, system = processor_seconds()
wait_for('metrics')  # which are stored a while later
written = dict(line.split(': ') for line in (process / 'io').read_text().splitlines())
print('events_per_s %.0f' % (events / seconds))
print('user_us_per_event %.2f' % (user / events * 1e6))
print('system_us_per_event %.2f' % (system / events * 1e6))
print('bytes_written_per_event %.0f' % (int(written['write_bytes']) / events))
