"""What the sites of the crash campaign send: the same for the same seed and time, in the order in which each site sends it."""
import random

LINE = '{"event_type":"%s","created_at":%d,"timestamp":%d,"event_id":"%08x-0000-4000-8000-%012x","labels":{%s}}'
HOURS = 6  # that the events of a site span; the newest are a quarter of an hour old, and none is as old as news from the past


class Site:
    def __init__(self, number, count, start, seed):
        self.number, self.count, self.start = number, count, start
        self.random = random.Random(seed * 1009 + number)
        self.items = []  # (when it is sent, created_at, type, labels)

    def say(self, sent, kind, labels, created=None):
        self.items.append((sent, sent if created is None else created, kind, labels))

    def lines(self):
        seconds = HOURS * 3600
        incidents = max(8, self.count // 2500)
        for i in range(incidents):
            kind = self.KINDS[(i + self.number) % len(self.KINDS)]
            # Not in the last part, so that a site says enough afterwards for late events to be looked at again.
            kind(self, self.start + int(seconds * 0.8 * (i + self.random.random()) / incidents), i)
        rest = self.count - len(self.items)
        if rest < 2000:
            raise SystemExit('a site needs more events than %d: its last 2,000 are everyday ones' % self.count)
        for i in range(rest):
            self.everyday(self.start + seconds * i // rest, i)
        self.items.sort(key=lambda item: item[0])
        return [LINE % (kind, created, created, self.number + 1, n + 1, labels) for n, (_, created, kind, labels) in enumerate(self.items)]

    def everyday(self, at, i):
        which = self.random.randrange(100)
        if which < 80:
            self.say(at, 'http.request', '"method":"GET","path":"/node/%d","status_code":200,"ip":"198.18.%d.%d","is_admin":false,"is_ajax":false,"actor_uid":"","ua":"Mozilla/5.0"'
                     % (self.random.randrange(400), self.random.randrange(200), self.random.randrange(250)))
        elif which < 90:
            self.say(at, 'auth.login_failed', '"username":"user%d","ip":"198.19.%d.%d"' % (self.random.randrange(4000), self.random.randrange(200), self.random.randrange(250)))
        else:
            self.say(at, 'content.updated', '"entity_type":"node","entity_id":"%d","bundle":"article","langcode":"en","published":true,"actor_uid":"editor%d"'
                     % (i, self.random.randrange(60)))

    def address(self, i):
        return '203.0.%d.%d' % (self.number, i % 250 + 1)

    def guessing(self, at, i):
        for n in range(self.random.randrange(6, 40)):
            self.say(at + n * 3, 'auth.login_failed', '"username":"admin","ip":"%s"' % self.address(i))
        self.say(at + 200, 'auth.login', '"uid":"a%d","ip":"%s","roles":["authenticated"]' % (i, self.address(i)))

    def probing(self, at, i):
        for n in range(25):
            self.say(at + n, 'access.denied', '"method":"GET","path":"/private/%d","ip":"%s","actor_uid":""' % (n, self.address(i)))

    def granting(self, at, i):
        self.say(at, 'user.role_changed', '"uid":"u%d","roles_before":[],"roles_after":["administrator"],"roles_added":["administrator"],"roles_removed":[],"actor_uid":"a%d"' % (i, i))

    def uploading(self, at, i):
        self.say(at, 'file.uploaded', '"file_id":"%d","mime_type":"text/x-php","extension":"php","size_bytes":812,"path":"public://s%d.php","actor_uid":"u%d"' % (i, i, i))

    def hiding(self, at, i):
        for n in range(self.random.randrange(20, 60)):
            self.say(at + n * 7, 'content.updated', '"entity_type":"node","entity_id":"%d","bundle":"article","langcode":"en","published":false,"actor_uid":"i%d"' % (n, i))

    def reading_accounts(self, at, i):
        for n in range(15):
            self.say(at + n * 4, 'api.access', '"method":"GET","path":"/jsonapi/user/user/%d","status_code":200,"ip":"%s","actor_uid":"u%d"' % (n, self.address(i), i))

    def deleting_accounts(self, at, i):
        for n in range(8):
            self.say(at + n * 5, 'user.deleted', '"uid":"d%d","actor_uid":"i%d"' % (n, i))

    def a_buffer_found_again(self, at, i):
        """Of two hours before, guessing among it."""
        for n in range(120):
            self.say(at + n // 40, 'auth.login_failed', '"username":"late%d","ip":"%s"' % (n, self.address(100 + i)), at - 7200 + n * 4)

    KINDS = [guessing, probing, granting, a_buffer_found_again, uploading, hiding, reading_accounts, deleting_accounts]


def batches(sites, events, start, seed, size=50):
    """Of each site the bodies it sends, one after the other."""
    made = []
    for number in range(sites):
        lines = Site(number, events // sites, start, seed).lines()
        made.append([('\n'.join(lines[at:at + size]) + '\n').encode() for at in range(0, len(lines), size)])
    return made
