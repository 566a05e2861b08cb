// What a person does on the pages, step by step.
//   node journey.mjs NAME FACTS.json PICTURES
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { Visit } from './check.mjs';

const [name, factsFile, pictures] = process.argv.slice(2);
const facts = JSON.parse(readFileSync(factsFile, 'utf8'));
mkdirSync(pictures, { recursive: true });

function require(holds, what) {
  if (!holds) throw new Error(what);
}

/** Presses Tab until the control with that text (or label) has the focus. */
async function tab_to(page, text, most = 120) {
  for (let presses = 0; presses < most; presses++) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => (document.activeElement?.labels?.[0] ?? document.activeElement)?.textContent?.trim() ?? '');
    if (at.startsWith(text)) return;
  }
  throw new Error(`Tab does not reach "${text}" on ${page.url()}`);
}

async function press_enter(page) {
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
}

const journeys = {
  /** An alert is acknowledged, snoozed, heard of again, written about and resolved with the keyboard alone. */
  async alert(visit) {
    const { page } = visit;
    const words = visit.scripts ? 'with scripts' : 'without scripts';  // an alert may be met again by the second visit
    const reason = `seen <by> the test ${words}`, note = `the end ${words}`;
    await visit.goto('/alerts?severity=high');
    // What is wrong with the gateway itself stays wrong: such an alert opens again seconds after it was resolved.
    const rows = page.locator('tbody tr').filter({ hasNotText: 'this gateway' });
    const title = (await rows.locator('a.row-link').first().textContent()).trim();
    await tab_to(page, title);
    await press_enter(page);
    const path = new URL(page.url()).pathname;
    require(/^\/alerts\/[0-9]+$/.test(path), 'a row leads to no alert');
    require(await page.getByText(note).count() === 0, 'the note is there before it is written');
    await tab_to(page, 'Acknowledge');
    await press_enter(page);
    require(await page.getByRole('status').filter({ hasText: 'Acknowledged' }).count() === 1, 'nothing says that it was acknowledged');
    await tab_to(page, 'Reason');
    await page.keyboard.type(reason);
    await tab_to(page, 'Snooze');
    await press_enter(page);
    require(await page.getByText(reason).count() >= 1, 'the reason is not shown');
    await visit.goto('/alerts?state=snoozed');
    require(await page.locator(`a[href="${path}"]`).count() === 1, 'it is not among the snoozed');
    await visit.goto(path);
    await tab_to(page, 'End the snooze');
    await press_enter(page);
    await tab_to(page, 'Note');
    await page.keyboard.type(note);
    await tab_to(page, 'Write it down');
    await press_enter(page);
    await tab_to(page, 'Resolve');
    await press_enter(page);
    const activity = page.locator('#activity-card');
    require(await activity.getByText(note).count() === 1, `the note is not shown once, but: ${await activity.innerText()}`);
    await visit.goto('/alerts');
    require(await page.locator(`a[href="${path}"]`).count() === 0, 'it is still open');
  },

  /** A finding is looked at, dismissed and brought back with the keyboard alone. */
  async keyboard(visit) {
    const { page } = visit;
    await visit.goto('/findings?rule=SSH_BRUTE_FORCE');
    await page.keyboard.press('Tab');
    require(await page.evaluate(() => document.activeElement.classList.contains('skip')), 'the first stop is no way past the navigation');
    await page.keyboard.press('Enter');
    require(await page.evaluate(() => document.activeElement.id === 'content'), 'the way past the navigation leads elsewhere');
    await page.keyboard.press('j');
    await press_enter(page);
    await tab_to(page, 'Dismiss in this source');
    await press_enter(page);
    await tab_to(page, 'Reason');
    await page.keyboard.type('seen <by> the test');
    await tab_to(page, 'Dismiss');
    await press_enter(page);
    require(await page.getByRole('status').filter({ hasText: 'Dismissed' }).count() === 1, 'nothing says that it was dismissed');
    require(await page.getByRole('link', { name: 'SSH Brute Force' }).count() === 0, 'it is still there');
    await visit.goto('/dismissals');
    await page.screenshot({ path: `${pictures}/dismissals.png` });
    require(await page.getByText('seen <by> the test').count() === 1, 'the reason is not shown');
    await tab_to(page, 'Undo');
    await press_enter(page);
    await visit.goto('/findings?rule=SSH_BRUTE_FORCE');
    require(await page.getByRole('link', { name: 'SSH Brute Force' }).count() > 0, 'it is not back');
    await page.keyboard.press('/');
    require(await page.evaluate(() => document.activeElement.id === 'search'), '"/" does not lead to the search');
    await page.keyboard.type('injection');
    await press_enter(page);
    require(new URL(page.url()).searchParams.get('q') === 'injection', 'the search is not in the address');
    require(await page.getByRole('link', { name: 'SQL Injection Attempt' }).count() > 0, 'the search finds nothing');
  },

  /** A choice is applied at once and is in the address; what is not chosen is not. */
  async filter(visit) {
    const { page } = visit;
    await visit.goto('/findings');
    await Promise.all([page.waitForNavigation(), page.getByLabel('Level').selectOption('critical')]);
    require(new URL(page.url()).search === '?severity=critical', `the address is ${page.url()}`);
    require(await page.locator('.badge.high').count() === 0, 'others are shown too');
    await page.goBack();
    require(await page.locator('.badge.high').count() > 0, 'the way back is not the list before');
  },

  /** Light, dark and the machine's own, with a script and without. */
  async theme(visit) {
    const { page } = visit;
    const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
    await visit.goto('/findings?severity=high');
    await page.locator('summary', { hasText: 'Theme' }).click();
    const dark = page.getByRole('button', { name: 'Dark' });
    if (visit.scripts) await dark.click(); else await Promise.all([page.waitForNavigation(), dark.click()]);
    require(await theme() === 'dark', 'it is not dark');
    require(page.url().endsWith('/findings?severity=high'), `it led to ${page.url()}`);
    await visit.goto('/errors');
    require(await theme() === 'dark', 'the next page is not dark');
  },

  /** What strangers wrote is text: nothing of it runs, loads or leads anywhere. */
  async strange(visit) {
    const { page } = visit;
    for (const path of ['/findings', '/errors', '/events', '/events?q=script', '/sites', ...facts.strange]) {
      await visit.goto(path);
      const planted = await page.evaluate(() => {
        const made = [...document.querySelectorAll('main script, main img, main iframe, main object, main style, main link, body base')];
        const handlers = [...document.querySelectorAll('*')].filter((element) => [...element.attributes].some(({ name }) => name.startsWith('on')));
        const links = [...document.querySelectorAll('a[href]')].filter((link) => link.origin !== location.origin || link.protocol === 'javascript:');
        return [...made, ...handlers, ...links].map((element) => element.outerHTML.slice(0, 100));
      });
      require(planted.length === 0, `${path} holds ${planted.join(', ')}`);
      require(!/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/.test(await page.evaluate(() => document.body.textContent)), `${path} holds control or bidirectional characters`);
    }
    await visit.goto('/events');
    require((await page.locator('main').textContent()).includes('<script>alert(document.domain)</script>'), 'it is not shown as text');
  },

  /** A log is handed over and looked at, with and without scripts, and one that is too large is not sent. */
  async upload(visit) {
    const { page } = visit;
    await visit.goto('/upload');
    const lines = Array.from({ length: 30 }, (_, i) => `May 18 10:00:${10 + i} web1 sshd[1]: Failed password for invalid user <b>x</b> from 198.51.100.7 port 22 ssh2`);
    await page.locator('#log').setInputFiles({ name: '<img src=x>.log', mimeType: 'text/plain', buffer: Buffer.from(lines.join('\n')) });
    await page.getByText('Mask').click();
    await page.getByRole('button', { name: 'Look at it' }).click();
    await page.getByRole('heading', { name: '<img src=x>.log' }).waitFor();
    const shown = await page.locator('main').textContent();
    for (const words of ['The first 20 of 30 events', 'SSH Brute Force', 'invalid user <b>x</b> from <ip>']) require(shown.includes(words), `there is no "${words}"`);
    require(!shown.includes('198.51.100.7'), 'an address is shown');
    visit.faults.push(...(await visit.look()));
    await page.screenshot({ path: `${pictures}/upload-${visit.scripts ? 'script' : 'plain'}.png`, fullPage: true });
    if (!visit.scripts) return;
    let sent = 0;
    page.on('request', (request) => { if (request.method() === 'PUT') sent++; });
    await page.locator('#log').setInputFiles({ name: 'large.log', mimeType: 'text/plain', buffer: Buffer.alloc(10485761, 'x') });
    await page.getByRole('button', { name: 'Look at it' }).click();
    await page.getByText('large.log has 10.0 MiB, and 10.0 MiB are the most').waitFor();
    require(sent === 0, 'a log that is too large is sent all the same');
  },

  /** Eight tabs learn of what another program stores, by one stream; lists say so and do not move. */
  async live(visit) {
    const { page, context } = visit;
    const run = (...words) => execFileSync(facts.program, ['--store', facts.store, ...words]);
    let streams = 0;
    context.on('request', (request) => { if (request.url().endsWith('/live')) streams++; });
    await visit.goto('/findings');
    const tabs = [];
    for (let i = 0; i < 8; i++) {
      tabs.push(await context.newPage());
      await tabs[i].goto(`${visit.base}/`);
    }
    await tabs[7].locator('.live[data-state="live"]').waitFor();
    await page.waitForTimeout(2000);  // until the server has looked once
    const before = await tabs[0].locator('#tiles').textContent();
    const rows = await page.locator('tbody').textContent();
    const focused = tabs[0].locator('#tiles a').nth(1);
    await focused.focus();
    const where = await focused.getAttribute('href');
    run('demo', 'clear');
    for (const tab of tabs) {
      await tab.bringToFront();
      await tab.waitForFunction((text) => document.querySelector('#tiles')?.textContent !== text, before);
    }
    const kept = await tabs[0].evaluate(() => document.activeElement?.closest('#tiles') && document.activeElement.getAttribute('href'));
    require(kept === where, `the focus was on ${where} and is on ${kept}`);
    await page.bringToFront();
    await page.locator('[data-live-news]:not([hidden])').waitFor();
    require(await page.locator('tbody').textContent() === rows, 'rows have moved by themselves');
    await Promise.all([page.waitForNavigation(), page.getByRole('button', { name: 'Show' }).click()]);
    require(await page.locator('tbody').textContent() !== rows, 'the list is what it was');
    require(streams <= 2, `${streams} streams for nine tabs`);
    run('demo', 'seed');
  },

  /** A person signs in, sees what he may, and signs out. */
  async sign_in(visit) {
    const { page } = visit;
    await page.goto(`${visit.base}/findings`);
    require(new URL(page.url()).pathname === '/login', `nobody was asked to sign in: ${page.url()}`);
    visit.faults.push(...(await visit.look({ keyboard: true })));
    await page.screenshot({ path: `${pictures}/login.png` });
    await page.getByLabel('User name').fill(facts.viewer.name);
    await page.getByLabel('Password').fill(facts.viewer.password);
    await Promise.all([page.waitForNavigation(), page.getByRole('button', { name: 'Sign in' }).click()]);
    require(new URL(page.url()).pathname === '/findings', `signing in leads to ${page.url()}`);
    require(await page.getByRole('link', { name: 'Upload' }).count() === 0, 'a viewer is led to what is not for him');
    await page.locator('header summary', { hasText: 'Account' }).click();
    require(await page.getByText('Viewer').count() === 1, 'his role is not shown');
    await Promise.all([page.waitForNavigation(), page.getByRole('button', { name: 'Sign out' }).first().click()]);
    await page.goto(`${visit.base}/findings`);
    require(new URL(page.url()).pathname === '/login', 'he is still signed in');
  },
};

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: process.getuid() === 0 || process.env.CI ? ['--no-sandbox'] : [],  // as root there is no sandbox to be had
});
try {
  for (const scripts of ['keyboard', 'filter', 'live'].includes(name) ? [true] : [true, false]) {
    const visit = await new Visit(browser, facts.base, { scripts, width: 1280 }).open();
    await journeys[name](visit);
    require(visit.faults.length === 0, visit.faults.join('\n'));
    await visit.close();
  }
} finally {
  await browser.close();
}
