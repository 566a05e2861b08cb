// A log is sent as it is, and its report put into the page. Without a script the form does the same with a page of its own.

const waits = [3, 3, 5, 5, 10, 10, 15, 15]; // seconds, while others' logs are being looked at

function words(bytes: number): string {
  return bytes < 1024 ? `${bytes} bytes` : bytes < 1048576 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 1048576).toFixed(1)} MiB`;
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, seconds * 1000); });
}

export function upload(shown: (part: ParentNode) => void): void {
  const form = document.querySelector<HTMLFormElement>('form[data-upload]');
  const input = form?.querySelector<HTMLInputElement>('input[type="file"]');
  const result = document.querySelector<HTMLElement>('[data-upload-result]');
  const state = form?.querySelector<HTMLElement>('[data-upload-state]');
  const zone = form?.querySelector<HTMLElement>('[data-drop]');
  if (!form || !input || !result || !state || !zone) return;
  const most = Number(form.dataset['most']);
  let busy = false;

  const say = (text: string) => { state.textContent = text; };

  const show = (html: string) => {
    const parsed = new DOMParser().parseFromString(html, 'text/html');
    const nodes = [...parsed.body.childNodes].map((node) => document.importNode(node, true));
    result.replaceChildren(...nodes);
    shown(result);
    result.focus();
  };

  const send = async (file: File): Promise<void> => {
    const mode = new FormData(form).get('mode');
    const query = new URLSearchParams({ name: file.name.slice(0, 80), mode: typeof mode === 'string' ? mode : 'redact' });
    for (const wait of [...waits, 0]) {
      say(`Looking at ${file.name} (${words(file.size)})…`);
      const answer = await fetch(`/upload/scan?${query}`, {
        method: 'PUT',
        body: file,
        headers: { 'Content-Type': 'application/octet-stream', 'X-CSRF-Token': form.dataset['csrf'] ?? '' },
      });
      if (answer.status === 503 && wait > 0) {
        say('Others\u2019 logs are being looked at: this one waits its turn…');
        await pause(wait);
        continue;
      }
      if (answer.headers.get('Content-Type')?.startsWith('text/html')) {
        show(await answer.text());
        say(answer.ok ? 'Done.' : '');
      } else {
        say(`The server answers ${answer.status}. Load the page again.`);
      }
      return;
    }
  };

  const look = async (file: File | undefined): Promise<void> => {
    if (!file || busy) return;
    if (file.size > most) {
      say(`${file.name} has ${words(file.size)}, and ${words(most)} are the most. Send it packed (gzip), or scan it on this machine: logystera scan FILE`);
      return;
    }
    busy = true;
    result.replaceChildren();
    try {
      await send(file);
    } catch {
      say('The server cannot be reached, or the file has changed meanwhile. Try again.');
    } finally {
      busy = false;
    }
  };

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void look(input.files?.[0]);
  });
  for (const name of ['dragenter', 'dragover'] as const) {
    zone.addEventListener(name, (event) => {
      event.preventDefault();
      zone.classList.add('over');
    });
  }
  for (const name of ['dragleave', 'drop'] as const) zone.addEventListener(name, () => { zone.classList.remove('over'); });
  zone.addEventListener('drop', (event) => {
    event.preventDefault();
    const files = event.dataTransfer?.files;
    if (!files || files.length === 0) return;
    if (files.length > 1) {
      say('One log at a time, please.');
      return;
    }
    input.files = files;
    void look(files[0]);
  });
  const hint = zone.querySelector<HTMLElement>('[data-drop-words]');
  if (hint) hint.hidden = false;
}
