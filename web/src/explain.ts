// A model's explanation, put into the page as it comes. Without a script the form leads to a page that has all of it.

export function explain(): void {
  const form = document.querySelector<HTMLFormElement>('form[data-explain]');
  const button = form?.querySelector('button');
  const state = form?.querySelector<HTMLElement>('[data-explain-state]');
  const answer = form?.querySelector<HTMLElement>('[data-explain-answer]');
  if (!form || !button || !state || !answer) return;

  const ask = async (): Promise<void> => {
    const body = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (typeof value === 'string') body.append(name, value);
    const reply = await fetch(form.action, { method: 'POST', body, headers: { Accept: 'text/plain' } });
    if (!reply.ok || !reply.body || !reply.headers.get('Content-Type')?.startsWith('text/plain')) {
      const said = reply.headers.get('Content-Type')?.startsWith('text/plain') ? await reply.text() : '';
      state.textContent = said || `The server answers ${reply.status}. Load the page again.`;
      return;
    }
    const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      answer.hidden = false;
      answer.append(value);
    }
    state.textContent = 'Written by a model; nothing has been done about it.';
  };

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    answer.replaceChildren();
    answer.hidden = true;
    state.textContent = 'The model is being asked…';
    ask()
      .catch(() => { state.textContent = 'The answer was broken off. Ask again.'; })
      .finally(() => { button.disabled = false; });
  });
}
