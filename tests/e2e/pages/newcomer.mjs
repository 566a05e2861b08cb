// The way of somebody new: from the address in the log to an answer of the API, every step counted.
//   node newcomer.mjs FACTS.json PICTURES
// FACTS: base (the server), setup (the address in its log), program, store, log (a file to scan), upload (a file to hand over).
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';
import { Visit } from './check.mjs';

const [factsFile, pictures] = process.argv.slice(2);
const facts = JSON.parse(readFileSync(factsFile, 'utf8'));
mkdirSync(pictures, { recursive: true });

function require(holds, what) {
  if (!holds) throw new Error(what);
}

/** A site that is no Drupal: a page with a button, and what stands behind it (ARCHITECTURE.md, "Connecting a site"). */
class PlainSite {
  async start() {
    this.server = createServer((request, response) => this.answer(request, response).catch((error) => response.writeHead(500).end(String(error))));
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  async answer(request, response) {
    const url = new URL(request.url, this.url);
    const html = (text) => response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(`<!doctype html><html lang="en"><title>A shop</title><h1>A shop</h1>${text}`);
    if (url.pathname === '/connect') {
      this.verifier = randomBytes(32).toString('base64url');
      this.state = randomBytes(16).toString('base64url');
      const asked = new URLSearchParams({
        response_type: 'code', client_id: this.url, redirect_uri: `${this.url}/back`, state: this.state, site_name: 'A shop',
        code_challenge: createHash('sha256').update(this.verifier).digest('base64url'), code_challenge_method: 'S256',
      });
      response.writeHead(303, { Location: `${facts.base}/oauth/authorize?${asked}` }).end();
    } else if (url.pathname === '/back') {
      require(url.searchParams.get('state') === this.state, 'the state is another');
      require(url.searchParams.get('iss') === facts.base, 'the issuer is another');
      const answer = await fetch(`${facts.base}/oauth/token`, {
        method: 'POST',
        body: new URLSearchParams({ grant_type: 'authorization_code', code: url.searchParams.get('code'), redirect_uri: `${this.url}/back`, client_id: this.url, code_verifier: this.verifier }),
      });
      this.credentials = await answer.json();
      html(answer.status === 200 ? '<p role="status">Connected.</p>' : `<p role="alert">${answer.status}</p>`);
    } else {
      html('<p>It sends its events to a gateway.</p><form action="/connect"><button>Connect</button></form>');
    }
  }

  /** As its agent does: signed, by cron. */
  send(type, labels) {
    const now = Math.floor(Date.now() / 1000);
    const line = JSON.stringify({ event_type: type, created_at: now, timestamp: now, event_id: crypto.randomUUID(), labels });
    return execFileSync(process.execPath, ['send.mjs', this.credentials.gateway_url, this.credentials.entity_token, this.credentials.entity_secret], { input: `${line}\n`, encoding: 'utf8' });
  }
}

/** What he has to do, counted. */
class Steps {
  constructor(visit) {
    Object.assign(this, { visit, page: visit.page, parts: [] });
  }

  begin(name) {
    this.parts.push({ name, clicks: 0, fields: 0, commands: 0, addresses: 0 });
  }

  get part() {
    return this.parts.at(-1);
  }

  async click(control) {
    this.part.clicks++;
    await control.click();
  }

  /** A click that leads to another page. */
  async follow(control) {
    await Promise.all([this.page.waitForNavigation(), this.click(control)]);
  }

  async fill(control, text) {
    this.part.fields++;
    await control.fill(text);
  }

  async open(url) {
    this.part.addresses++;
    await this.page.goto(url);
  }

  run(program, ...words) {
    this.part.commands++;
    return execFileSync(program, words, { encoding: 'utf8' });
  }

  /** The page as it is now, looked at as all are. */
  async look(name) {
    this.visit.faults.push(...(await this.visit.look()).map((fault) => `${name}: ${fault}`));
    await this.page.screenshot({ path: `${pictures}/newcomer-${String(this.shown = (this.shown ?? 0) + 1).padStart(2, '0')}-${name}.png`, fullPage: true });
  }

  print() {
    const all = { name: 'all of it', clicks: 0, fields: 0, commands: 0, addresses: 0 };
    for (const part of this.parts) for (const key of ['clicks', 'fields', 'commands', 'addresses']) all[key] += part[key];
    for (const part of [...this.parts, all]) {
      console.log(`  ${part.name.padEnd(36)} ${part.addresses} addresses  ${part.clicks} clicks  ${part.fields} fields  ${part.commands} commands`);
    }
  }
}

const site = await new PlainSite().start();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: process.getuid() === 0 || process.env.CI ? ['--no-sandbox'] : [],  // as root there is no sandbox to be had
});
try {
  const visit = await new Visit(browser, facts.base, { width: 1280 }).open();
  const steps = new Steps(visit);
  const { page } = visit;
  const nav = (name) => page.getByRole('navigation').getByRole('link', { name, exact: true }).first();

  steps.begin('set up');
  await steps.open(facts.setup);
  require(await page.getByLabel('Setup secret').inputValue() !== '', 'the secret of the address is not filled in');
  await steps.look('setup');
  await steps.fill(page.getByLabel('User name'), 'anna');
  await steps.fill(page.getByLabel(/^Password/), 'a password of the test');
  await steps.fill(page.getByLabel('The same password again'), 'a password of the test');
  await steps.follow(page.getByRole('button', { name: 'Make the administrator' }));
  require(new URL(page.url()).pathname === '/', `it leads to ${page.url()}`);
  require(!page.url().includes('k='), 'the secret is still in the address');
  await steps.look('overview');

  steps.begin('connect a plain site');
  // The site's pages are its own: they are not looked at as ours are.
  const faults = visit.faults.length;
  await steps.open(site.url);
  await steps.follow(page.getByRole('button', { name: 'Connect' }));
  require(new URL(page.url()).pathname === '/oauth/authorize', `it leads to ${page.url()}`);
  visit.faults.length = faults;
  await steps.look('consent');
  const before = visit.faults.length;
  await steps.follow(page.getByRole('button', { name: 'Allow' }));
  await page.getByText('Connected.').waitFor();
  visit.faults.length = before;

  steps.begin('see its first event appear');
  await steps.open(facts.base);
  await steps.follow(nav('Events'));
  await steps.look('events-waiting');
  await page.locator('.live[data-state="live"]').waitFor();
  await page.waitForTimeout(2000);  // until the server has looked once
  const sent = site.send('config.save', { config_name: 'system.site', change_type: 'update' });
  require(sent.startsWith('202 '), `the site cannot send: ${sent}`);
  await page.locator('tbody').getByText('config.save').first().waitFor();
  require(await page.locator('tbody tr').count() === 1, 'the first event does not appear by itself');
  await steps.look('events-first');

  steps.begin('dismiss a finding');
  steps.run(facts.program, '--store', facts.store, 'scan', '--track-errors', facts.log);
  await steps.follow(nav('Findings'));
  await steps.look('findings');
  await steps.follow(page.locator('tbody a').first());
  await steps.look('finding');
  await steps.follow(page.getByRole('link', { name: 'Dismiss in this source' }));
  await steps.look('dismiss');
  await steps.fill(page.getByLabel('Reason'), 'a test of our own');
  await steps.follow(page.getByRole('button', { name: 'Dismiss' }));
  require(await page.getByRole('status').filter({ hasText: 'Dismissed' }).count() === 1, 'nothing says that it was dismissed');

  steps.begin('upload a log');
  await steps.follow(nav('Upload'));
  steps.part.fields++;
  await page.locator('#log').setInputFiles(facts.upload);
  await steps.click(page.getByRole('button', { name: 'Look at it' }));
  await page.getByRole('heading', { name: 'Findings by' }).or(page.getByText('events')).first().waitFor();
  await page.getByText(/The first \d+ of/).waitFor();
  await steps.look('uploaded');

  steps.begin('make a token');
  await steps.follow(nav('Settings'));
  await steps.look('settings');
  await steps.follow(page.getByRole('link', { name: 'API tokens' }).first());
  await steps.fill(page.getByLabel('What uses it'), 'curl');
  await steps.follow(page.getByRole('button', { name: 'Make the token' }));
  await steps.look('token');
  const token = (await page.locator('main pre, main code').filter({ hasText: 'lgy_' }).first().textContent()).match(/lgy_[A-Za-z0-9_-]+/)?.[0];
  require(token, 'the token is not shown');

  steps.begin('ask the API');
  const answer = JSON.parse(steps.run('curl', '-fsS', '-H', `Authorization: Bearer ${token}`, `${facts.base}/api/v1/signals`));
  require(answer.length === 1 && answer[0].type === 'config.save', 'the API does not give the event');
  require(visit.faults.length === 0, visit.faults.join('\n'));
  steps.print();
} finally {
  await browser.close();
  site.server.close();
}
