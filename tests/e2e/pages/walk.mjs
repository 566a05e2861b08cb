// Every page of the server, in every look. What has a fault is kept as a picture; with LOGYSTERA_PICTURES=1, all are.
//   node walk.mjs FACTS.json PICTURES (empty | filled | one | million)
import { mkdirSync, readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { Visit } from './check.mjs';

const [factsFile, pictures, state] = process.argv.slice(2);
const facts = JSON.parse(readFileSync(factsFile, 'utf8'));
const paths = facts.pages[state];
mkdirSync(pictures, { recursive: true });

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: process.getuid() === 0 || process.env.CI ? ['--no-sandbox'] : [],  // as root there is no sandbox to be had
});
let looked = 0, failed = 0;

async function walk(theme, scripts) {
  const visit = await new Visit(browser, facts.base, { theme, scripts }).open();
  for (const [name, path] of Object.entries(paths)) {
    await visit.goto(path, name.startsWith('missing') ? 404 : 200);
    for (const width of [320, 768, 1280]) {
      await visit.resize(width);
      // In between, axe and the keyboard meet the same as at one of the ends; in the dark, the same in other colours.
      const keyboard = theme === 'light' && width !== 768;
      const faults = await visit.look({ accessible: keyboard || width === 1280, keyboard });
      looked++;
      const label = `${state}-${name}-${theme}-${width}${scripts ? '' : '-plain'}`;
      await visit.page.evaluate(() => document.activeElement?.blur());
      if (faults.length > 0 || (process.env.LOGYSTERA_PICTURES && (scripts || width === 320))) {
        await visit.page.screenshot({ path: `${pictures}/${label}.png`, fullPage: true });
      }
      if (faults.length === 0) continue;
      failed++;
      console.log(`${label} (${path}):\n  ${faults.join('\n  ')}`);
    }
  }
  await visit.close();
}

try {
  for (const scripts of [true, false]) await Promise.all(['light', 'dark'].map((theme) => walk(theme, scripts)));  // side by side
} finally {
  await browser.close();
}
console.log(`${looked} pages looked at, ${failed} with faults`);
process.exit(failed === 0 ? 0 : 1);
