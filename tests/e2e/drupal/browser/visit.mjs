// A real browser and what every page of the module has to be in it: without errors on the console, without a serious finding
// of axe, whole on the screen it is shown on, and usable with the keyboard alone.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const controls = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]';
const tabsMax = 250;

export function require(holds, what) {
  if (!holds) throw new Error(what);
}

/** A browser window of its own, with its own cookies. */
export class Visit {
  #errors = [];

  static async open(browser, pictures, { width = 1280, height = 900 } = {}) {
    const visit = new Visit();
    const context = await browser.newContext({ viewport: { width, height } });
    context.setDefaultTimeout(90000);  // a loaded machine is slow
    visit.page = await context.newPage();
    visit.pictures = pictures;
    visit.page.on('console', (message) => message.type() === 'error' && visit.#errors.push(message.text()));
    visit.page.on('pageerror', (error) => visit.#errors.push(error.message));
    return visit;
  }

  async close() {
    await this.page.context().close();
  }

  async goto(url, status = 200) {
    const answer = await this.page.goto(url);
    require(answer.status() === status, `${url} is answered with ${answer.status()}`);
    // The browser tells of a refused page on its console; here it was asked for.
    if (status !== 200) this.#errors = [];
  }

  async says(text) {
    await this.page.getByText(text).first().waitFor({ timeout: 60000 });
  }

  /** Presses a button or follows a link that leads to another page. */
  async press(name, role = 'button') {
    await Promise.all([
      this.page.waitForNavigation({ timeout: 60000 }),
      this.page.getByRole(role, { name, exact: true }).first().click(),
    ]);
  }

  async picture(name) {
    await this.page.screenshot({ path: `${this.pictures}/${name}.png`, fullPage: true });
  }

  /** A picture of the page, and everything it has to be. */
  async look(name, { keyboard = true } = {}) {
    await this.page.waitForLoadState('networkidle');
    await this.picture(name);
    writeFileSync(`${this.pictures}/${name}.html`, await this.page.content());
    const found = [...this.#errors.splice(0).map((error) => `on the console: ${error}`), ...(await this.#accessibility()), ...(await this.#overflow())];
    if (keyboard) found.push(...(await this.#keyboard()));
    require(found.length === 0, `${name} (${this.page.url()}):\n  ${found.join('\n  ')}`);
    console.log(`    ${name}`);
  }

  /** The console is no place for errors, also between two looks. */
  quiet() {
    require(this.#errors.length === 0, `on the console: ${this.#errors.join('; ')}`);
  }

  async #accessibility() {
    // Not by a script element: the gateway's pages forbid those.
    await this.page.evaluate(axe);
    const { violations } = await this.page.evaluate(() => axe.run(document));
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, help, nodes }) => `axe: ${id}: ${help} (${nodes.map(({ target }) => target.join(' ')).slice(0, 3).join(', ')})`);
  }

  async #overflow() {
    const wide = await this.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    return wide > 0 ? [`the page is ${wide} pixels wider than the screen`] : [];
  }

  /** Tab reaches every control of the page, in the order of the page, and each shows that it has the focus. */
  async #keyboard() {
    const expected = await this.page.evaluate((selector) => {
      const main = document.querySelector('main') ?? document.body;
      window.expectedControls = [...main.querySelectorAll(selector)].filter((element) => {
        const checked = element.type === 'radio' && document.querySelector(`input[name="${CSS.escape(element.name)}"]:checked`);
        return !element.disabled && element.tabIndex >= 0 && element.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true })
          && (!checked || checked === element);
      });
      window.resting = window.expectedControls.map((element) => [element, element.nextElementSibling, element.parentElement]
        .map((part) => part && ['outlineStyle', 'outlineWidth', 'boxShadow', 'backgroundColor', 'borderColor', 'textDecorationLine'].map((p) => getComputedStyle(part)[p]).join()).join());
      document.activeElement?.blur();
      window.getSelection()?.removeAllRanges();
      window.scrollTo(0, 0);
      return window.expectedControls.length;
    }, controls);
    await this.page.evaluate(() => {
      document.body.tabIndex = -1;
      document.body.focus();
      document.body.removeAttribute('tabindex');
    });
    const order = [];
    const unseen = [];
    for (let presses = 0; presses < tabsMax && new Set(order).size < expected; presses++) {
      await this.page.keyboard.press('Tab');
      const at = await this.page.evaluate(async () => {
        const element = document.activeElement;
        const index = window.expectedControls.indexOf(element);
        if (index < 0) return { index };
        await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
        await Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {})));
        const now = [element, element.nextElementSibling, element.parentElement]
          .map((part) => part && ['outlineStyle', 'outlineWidth', 'boxShadow', 'backgroundColor', 'borderColor', 'textDecorationLine'].map((p) => getComputedStyle(part)[p]).join()).join();
        return { index, seen: now !== window.resting[index], name: `${element.tagName.toLowerCase()} "${(element.labels?.[0]?.textContent ?? element.textContent ?? '').trim().slice(0, 40)}"` };
      });
      if (at.index < 0) continue;
      if (!order.includes(at.index) && !at.seen) unseen.push(at.name);
      order.push(at.index);
    }
    const reached = new Set(order);
    const missing = await this.page.evaluate(
      (indices) => window.expectedControls.filter((_, index) => !indices.includes(index)).map((element) => element.outerHTML.slice(0, 120)), [...reached]);
    const first = [...reached];
    const inOrder = first.every((index, position) => position === 0 || index > first[position - 1]);
    return [
      ...missing.map((control) => `Tab does not reach ${control}`),
      ...unseen.map((name) => `${name} does not show that it has the focus`),
      ...(inOrder ? [] : [`Tab goes ${first.join(', ')}`]),
    ];
  }
}

export async function withBrowser(pictures, run) {
  mkdirSync(pictures, { recursive: true });
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM,
    // As root, and in most containers, there is no sandbox to be had.
    args: process.getuid() === 0 || process.env.CI ? ['--no-sandbox'] : [],
  });
  try {
    await run(browser);
  } finally {
    await browser.close();
  }
}
