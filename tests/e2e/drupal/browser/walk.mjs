// What an administrator does in a browser, from an unconnected site to a disconnected one.
//
//   node walk.mjs PART FACTS PICTURES       PART is one of the functions of the list at the end; FACTS is a JSON file
import { readFileSync } from 'node:fs';
import { Visit, require, withBrowser } from './visit.mjs';

const [part, factsFile, pictures] = process.argv.slice(2);
const facts = JSON.parse(readFileSync(factsFile, 'utf8'));
const home = '/admin/config/system/logystera';
const tabs = { settings: '', status: '/status', events: '/events', 'ingest-logs': '/ingest-logs', debug: '/debug', support: '/support', privacy: '/privacy' };
const at = (path) => facts.site + home + path;

async function administrator(browser, size) {
  const visit = await Visit.open(browser, pictures, size);
  await visit.goto(`${facts.site}/user/login`);
  await visit.page.getByLabel('Username').fill(facts.account.name);
  await visit.page.getByLabel('Password', { exact: true }).fill(facts.account.pass);
  await visit.press('Log in');
  return visit;
}

async function everyTab(browser, name, prefix = '', size = undefined) {
  const visit = await administrator(browser, size);
  for (const [tab, path] of Object.entries(tabs)) {
    await visit.goto(facts.site + prefix + home + path);
    await visit.look(`${name}-${tab}`, { keyboard: !size });
    if (prefix) {
      const direction = await visit.page.evaluate(() => getComputedStyle(document.querySelector('main')).direction);
      require(direction === 'rtl', `${tab} runs ${direction}`);
    }
  }
  return visit;
}

/** Before anybody connected the site. */
async function unconnected(browser) {
  const visit = await everyTab(browser, '1-unconnected');
  await visit.goto(at(''));
  await visit.says('Not connected: nothing leaves this site.');
  await visit.goto(at('/support'));
  require(await visit.page.getByRole('button', { name: 'Send', exact: true }).isDisabled(), 'Support can be sent');
}

/** Presses Connect, and logs in at the gateway if it asks; ends on its consent page. */
async function toConsent(visit) {
  await visit.goto(at(''));
  await visit.page.getByLabel('Gateway', { exact: true }).fill(facts.gateway.url);
  await visit.press('Connect');
  require(visit.page.url().startsWith(facts.gateway.url), `Connect leads to ${visit.page.url()}`);
  const password = visit.page.getByLabel('Password');
  if (await password.count()) {
    await visit.look('2-gateway-login');
    await visit.page.getByLabel('User name').fill(facts.gateway.user);
    await password.fill(facts.gateway.pass);
    await Promise.all([visit.page.waitForNavigation(), password.press('Enter')]);
  }
  await visit.says(new URL(facts.site).host);
}

/** One click: declined once, then agreed to. What waited is sent, and no secret is on the way. */
async function connect(browser) {
  const visit = await administrator(browser);
  const addresses = [];
  visit.page.on('request', (request) => addresses.push(`${request.method()} ${request.url()} ${request.postData() ?? ''}`));
  await toConsent(visit);
  await visit.look('2-gateway-consent');
  await visit.press('Deny');
  await visit.says('The connection was declined at the gateway.');
  await visit.look('2-declined');

  await toConsent(visit);
  await visit.press('Allow');
  await visit.says(`The site is connected to ${facts.gateway.url}.`);
  await visit.says(/\d+ signals were sent\./);
  await visit.look('2-connected');
  require(visit.page.url() === at(''), `the settings are at ${visit.page.url()}`);

  const back = addresses.map((line) => line.split(' ')[1]).filter((url) => url.includes('/connected?') && url.includes('code='));
  require(back.length === 1, `the browser came back with a code ${back.length} times`);
  await visit.goto(back[0]);
  await visit.says('This answer does not belong to a connection you started');
  await visit.goto(at('/connected?state=x&code=y&iss=' + encodeURIComponent(facts.gateway.url)));
  await visit.says('This answer does not belong to a connection you started');
  await visit.goto(at(''));
  await visit.says(`Connected to ${facts.gateway.url}`);
  await visit.page.getByRole('button', { name: 'Test the connection' }).click();
  await visit.says('The gateway answers and knows this site.');
}

/** Switches a signal off and on again: what is off is not recorded. */
async function toggle(browser) {
  const visit = await administrator(browser);
  const recorded = async () => {
    await visit.goto(at('/events?type=cache.flush'));
    return (await visit.page.locator('tbody a').count()) > 0;
  };
  const flushCaches = async () => {
    await visit.goto(`${facts.site}/admin/config/development/performance`);
    await visit.press('Clear all caches');
  };
  const set = async (on) => {
    await visit.goto(at(''));
    await visit.page.getByRole('link', { name: /^Health/ }).click();
    await visit.page.getByLabel('cache.flush').setChecked(on);
    await visit.picture(`3-toggle-${on ? 'on' : 'off'}`);
    await visit.press('Save configuration');
    await visit.says('The configuration options have been saved.');
  };
  await set(false);
  await flushCaches();
  require(!(await recorded()), 'cache.flush is recorded while it is off');
  await set(true);
  await flushCaches();
  require(await recorded(), 'cache.flush is not recorded while it is on');
}

/** Failed logins are seen on the Events tab, found by the filter, and looked at. */
async function events(browser) {
  const stranger = await Visit.open(browser, pictures);
  for (const name of ['mallory', '<b>mallory</b>']) {
    await stranger.goto(`${facts.site}/user/login`);
    await stranger.page.getByLabel('Username').fill(name);
    await stranger.page.getByLabel('Password', { exact: true }).fill('wrong');
    await stranger.press('Log in');
  }
  const visit = await administrator(browser);
  await visit.goto(at('/events'));
  await visit.page.getByLabel('Signal', { exact: true }).selectOption('auth.login_failed');
  await visit.page.getByLabel('Contains').fill('<b>mallory');
  await visit.press('Filter');
  await visit.says('1 signal matches the filter.');
  await visit.look('4-events-filtered');
  require(new URL(visit.page.url()).searchParams.get('type') === 'auth.login_failed', 'the filter is not in the address');
  await visit.press('Payload of auth.login_failed', 'link');
  await visit.says('"username": "<b>mallory</b>"');
  await visit.look('4-event');
  await visit.press('All events', 'link');
  await visit.look('4-events');
}

/** Flush Now empties the buffer; the request is on the Ingest Logs tab. */
async function flush(browser) {
  const visit = await administrator(browser);
  await visit.goto(at('/status'));
  await visit.look('5-status-before');
  await visit.press('Flush Now');
  await visit.says(/\d+ signals were sent\./);
  await visit.look('5-status-after');
  await visit.page.getByText('As a table').click();
  const sent = await visit.page.locator('table', { hasText: 'Signals of the last 24 hours' }).locator('tbody tr').last().locator('td').last().textContent();
  require(Number(sent) > 0, `the last hour sent ${sent}`);
  await visit.press('Send test signal');
  await visit.says(/sent\./);
  await visit.goto(at('/ingest-logs'));
  await visit.look('5-ingest-logs');
  const codes = await visit.page.locator('tbody tr td:nth-child(4)').allTextContents();
  require(codes.length > 1 && codes.every((code) => code.trim() === '202'), `the codes are ${codes}`);
}

/** A request for help, with diagnostics somebody took a line out of. */
async function support(browser) {
  const visit = await administrator(browser);
  await visit.goto(at('/support'));
  await visit.look('6-support');
  await visit.page.getByLabel('Message').fill('The browser test asks for help.');
  await visit.page.getByLabel('E-mail address').fill('boss@example.org');
  await visit.page.getByLabel('Include the diagnostics').check();
  const report = visit.page.getByLabel('Diagnostics', { exact: true });
  await report.fill((await report.inputValue()).replace(/^system: .*$/m, 'system: taken out'));
  await visit.press('Send');
  await visit.says(/Its reference is sup_/);
  await visit.look('6-support-sent');
}

/** Disconnecting tells the gateway. */
async function disconnect(browser) {
  const visit = await administrator(browser);
  await visit.goto(at(''));
  await visit.press('Disconnect', 'link');
  await visit.look('7-disconnect');
  await visit.press('Disconnect');
  await visit.says('The site is disconnected.');
  await visit.says('Not connected: nothing leaves this site.');
  require((await visit.page.getByText('did not confirm').count()) === 0, 'the gateway could not be told');
  await visit.look('7-disconnected');
}

const onTheRight = (browser) => everyTab(browser, '8-rtl', '/ar');
const narrow = (browser) => everyTab(browser, '9-narrow', '', { width: 320, height: 640 });

const parts = { unconnected, connect, toggle, events, flush, support, disconnect, right_to_left: onTheRight, narrow };
require(part in parts, `PART is one of ${Object.keys(parts).join(', ')}`);
await withBrowser(pictures, parts[part]);
