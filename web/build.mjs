// Makes dist/ of the sources beside it: `npm ci && npm run build`. The result is committed, so that a build of the program needs no
// node; `./dev lint web` proves that it is of these sources.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const here = import.meta.dirname;
const dist = process.argv[2] ?? join(here, 'dist');

const filesOf = (folder) => readdirSync(join(here, folder)).sort().map((name) => join(folder, name));

// One sprite: each icon is a symbol that takes the colour of the text around it.
function sprite() {
  const symbols = filesOf('icons').map((file) => {
    const text = readFileSync(join(here, file), 'utf8');
    const found = /^<svg viewBox="0 0 16 16">(.*)<\/svg>\s*$/s.exec(text);
    if (!found) throw new Error(`${file}: an icon is <svg viewBox="0 0 16 16">…</svg>`);
    const name = file.replace(/^icons\/(.*)\.svg$/, '$1');
    return `<symbol id="${name}" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5" ` +
      `stroke-linecap="round" stroke-linejoin="round">${found[1].trim()}</symbol>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join('')}</svg>\n`;
}

// Of everything dist/ is made of, by name and content.
function fingerprint() {
  const hash = createHash('sha256');
  const files = ['build.mjs', 'package-lock.json', 'favicon.svg', ...filesOf('css'), ...filesOf('icons'), ...filesOf('src')];
  for (const file of files.sort()) {
    hash.update(`${createHash('sha256').update(readFileSync(join(here, file))).digest('hex')}  ${file}\n`);
  }
  return `${hash.digest('hex')}\n`;
}

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
const shared = { bundle: true, minify: true, charset: 'utf8', legalComments: 'none', logLevel: 'warning', absWorkingDir: here };
for (const name of ['app', 'docs']) {
  await build({ ...shared, entryPoints: [`src/${name}.ts`], format: 'iife', target: 'es2022', outfile: join(dist, `${name}.js`) });
}
await build({ ...shared, entryPoints: ['css/app.css'], target: ['chrome111', 'firefox113', 'safari16.4'], outfile: join(dist, 'app.css') });
writeFileSync(join(dist, 'icons.svg'), sprite());
writeFileSync(join(dist, 'favicon.svg'), readFileSync(join(here, 'favicon.svg')));
writeFileSync(join(dist, 'SOURCES'), fingerprint());
