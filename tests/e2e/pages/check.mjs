// What every page has to be: nothing on the console, nothing from elsewhere, nothing axe finds, nothing wider than the screen, and
// whole with the keyboard alone.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const rules = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'], resultTypes: ['violations'] };
const controls = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]';

export class Visit {
  constructor(browser, base, { width = 1280, theme = 'light', scripts = true } = {}) {
    Object.assign(this, { browser, base, width, theme, scripts, faults: [], status: 200 });
  }

  async open() {
    this.context = await this.browser.newContext({
      viewport: { width: this.width, height: 900 }, javaScriptEnabled: this.scripts, colorScheme: 'light', timezoneId: 'Europe/Berlin', reducedMotion: 'reduce',
    });
    await this.context.addCookies([{ name: 'logystera_theme', value: this.theme, url: this.base }]);
    this.context.setDefaultTimeout(90000);  // a loaded machine is slow
    this.page = await this.context.newPage();
    this.page.on('console', (message) => {
      if (message.type() !== 'error' || (this.status !== 200 && message.text().includes('Failed to load resource'))) return;
      this.faults.push(`on the console: ${message.text()}`);
    });
    this.page.on('pageerror', (error) => this.faults.push(`a script: ${error.message}`));
    this.page.on('dialog', (dialog) => { this.faults.push(`a dialog: ${dialog.message()}`); dialog.dismiss(); });
    this.page.on('request', (request) => {
      if (!request.url().startsWith(this.base) && !request.url().startsWith('data:')) this.faults.push(`a request to ${request.url()}`);
    });
    return this;
  }

  async close() {
    await this.context.close();
  }

  async resize(width) {
    await this.page.setViewportSize({ width, height: 900 });
  }

  async goto(path, status = 200) {
    this.status = status;
    const answer = await this.page.goto(this.base + path, { waitUntil: 'load' });
    if (answer.status() !== status) this.faults.push(`answered with ${answer.status()}`);
    const policy = (await answer.allHeaders())['content-security-policy'] ?? '';
    if (!policy.startsWith("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'")) this.faults.push(`its policy is ${policy}`);
    return answer;
  }

  /** The faults of the page that is shown, which are then forgotten. axe and the keyboard need scripts. */
  async look({ accessible = true, keyboard = false } = {}) {
    const found = this.faults.splice(0);
    const wide = await this.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (wide > 0) found.push(`the page is ${wide} pixels wider than the screen`);
    const theme = await this.page.evaluate(() => document.documentElement.dataset.theme);
    if (theme !== this.theme) found.push(`its theme is ${theme}`);
    if (this.scripts && accessible) {
      if (!(await this.page.evaluate(() => 'axe' in globalThis))) await this.page.evaluate(axe);
      const { violations } = await this.page.evaluate((options) => globalThis.axe.run(document, options), rules);
      for (const { id, help, nodes } of violations) {
        found.push(`axe: ${id}: ${help} (${nodes.map(({ target, failureSummary }) => `${target.join(' ')}: ${failureSummary.split('\n')[1]}`).slice(0, 3).join('; ')})`);
      }
    }
    if (this.scripts && keyboard) found.push(...(await this.#keyboard()));
    return found;
  }

  /** Tab reaches every control in the order of the page, and each shows that it has the focus. Once more where news came in meanwhile. */
  async #keyboard(tries = 3) {
    // Tab would go on from where an earlier walk ended.
    if (await this.page.evaluate(() => 'expected' in globalThis)) await this.page.reload({ waitUntil: 'load' });
    const expected = await this.page.evaluate((selector) => {
      window.expected = [...document.querySelectorAll(selector)].filter((element) => {
        const radio = element.type === 'radio' && document.querySelector(`input[name="${CSS.escape(element.name)}"]:checked`);
        return !element.disabled && element.tabIndex >= 0 && element.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true }) && (!radio || radio === element);
      });
      document.activeElement?.blur();
      window.scrollTo(0, 0);
      return window.expected.length;
    }, controls);
    const order = [], unseen = [];
    for (let presses = 0; presses < expected + 5; presses++) {
      await this.page.keyboard.press('Tab');
      const at = await this.page.evaluate(() => {
        const element = document.activeElement, style = getComputedStyle(element);
        return { index: window.expected.indexOf(element), seen: style.outlineStyle !== 'none', what: element.outerHTML?.slice(0, 80) };
      });
      if (at.index < 0) continue;
      if (!at.seen) unseen.push(at.what);
      if (!order.includes(at.index)) order.push(at.index);
    }
    const changed = await this.page.evaluate(() => window.expected.some((element) => !element.isConnected));
    if (changed && tries > 1) return this.#keyboard(tries - 1);
    const missing = await this.page.evaluate((indices) => window.expected.filter((_, i) => !indices.includes(i)).map((element) => element.outerHTML.slice(0, 100)), order);
    return [
      ...missing.map((what) => `Tab does not reach ${what}`),
      ...unseen.map((what) => `no focus is seen at ${what}`),
      ...(order.every((index, i) => i === 0 || index > order[i - 1]) ? [] : [`Tab goes ${order.join(', ')}`]),
    ];
  }
}
