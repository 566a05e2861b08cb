// The page of the API, where scripts run: a form of each operation sends it and shows what is answered. The token is in its field alone.

const root = document.querySelector<HTMLElement>('[data-docs]');
const token = document.querySelector<HTMLInputElement>('#docs-token');

/** The operation as it is filled in. */
function requestOf(form: HTMLFormElement): Request {
  const method = form.dataset.method ?? 'GET';
  let path = form.dataset.path ?? '';
  const query = new URLSearchParams();
  const headers = new Headers();
  for (const input of form.querySelectorAll<HTMLInputElement>('input[data-in]')) {
    if (input.dataset.in === 'path') path = path.replace(`{${input.name}}`, encodeURIComponent(input.value));
    else if (input.value === '') continue;
    else if (input.dataset.in === 'query') query.append(input.name, input.value);
    else headers.set(input.name, input.value);
  }
  if (token?.value) headers.set('Authorization', `Bearer ${token.value}`);
  else if (method !== 'GET') headers.set('X-CSRF-Token', root?.dataset.csrf ?? '');
  const body = form.querySelector<HTMLTextAreaElement>('textarea[data-body]')?.value;
  if (body !== undefined) headers.set('Content-Type', 'application/json');
  const search = query.toString();
  return new Request(search ? `${path}?${search}` : path, { method, headers, body, cache: 'no-store' });
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

async function send(form: HTMLFormElement): Promise<void> {
  const answer = form.querySelector<HTMLElement>('[data-answer]');
  const status = form.querySelector('[data-status]');
  const text = form.querySelector('[data-text]');
  if (!answer || !status || !text) return;
  answer.hidden = false;
  status.textContent = 'sent';
  text.textContent = '';
  try {
    const before = performance.now();
    const response = await fetch(requestOf(form));
    const body = await response.text();
    status.textContent = `${response.status} in ${Math.round(performance.now() - before)} ms`;
    const shown = ['Link', 'Logystera-Total', 'ETag', 'RateLimit', 'Retry-After']
      .filter((name) => response.headers.has(name)).map((name) => `${name}: ${response.headers.get(name)}`);
    text.textContent = [...shown, '', pretty(body)].join('\n').trim();
  } catch (error) {
    status.textContent = `none (${error instanceof Error ? error.message : 'no connection'})`;
  }
}

for (const part of document.querySelectorAll<HTMLElement>('[data-docs] [data-script]')) part.hidden = false;
for (const form of document.querySelectorAll<HTMLFormElement>('form[data-try]')) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const missing = [...form.querySelectorAll<HTMLInputElement>('input[data-in="path"]')].find((input) => input.value === '');
    if (missing) missing.focus();
    else if (form.dataset.method === 'GET' || confirm(`This changes something: ${form.dataset.method} ${form.dataset.path}. Send it?`)) void send(form);
  });
}
