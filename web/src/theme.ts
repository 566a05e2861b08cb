// Light, dark or as the machine has it: a cookie, which the server reads, so that no page flashes. The form does the same without
// a script; with one, the server is told beside, for the account of whoever is signed in.

export function theme(): void {
  const form = document.querySelector<HTMLFormElement>('form[data-theme-form]');
  if (!form) return;
  form.addEventListener('submit', (event) => {
    const button = (event as SubmitEvent).submitter;
    if (!(button instanceof HTMLButtonElement)) return;
    event.preventDefault();
    const chosen = button.value;
    document.documentElement.dataset['theme'] = chosen;
    const secure = location.protocol === 'https:' ? '; Secure' : '';
    document.cookie = `logystera_theme=${encodeURIComponent(chosen)}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
    void fetch(form.action, { method: 'POST', body: new URLSearchParams({ theme: chosen }), redirect: 'manual', keepalive: true }).catch(() => undefined);
    for (const other of form.querySelectorAll<HTMLButtonElement>('button[value]')) other.setAttribute('aria-pressed', String(other === button));
    const menu = form.closest('details');
    if (menu) {
      menu.open = false;
      menu.querySelector('summary')?.focus();
    }
  });
}
