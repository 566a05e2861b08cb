// Buttons beside commands. They are hidden where there is no clipboard.

export function copyButtons(): void {
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll<HTMLButtonElement>('button[data-copy]')) {
    const label = button.querySelector('[data-copy-label]') ?? button;
    const before = label.textContent;
    button.hidden = false;
    button.addEventListener('click', async () => {
      const text = button.parentElement?.querySelector('code')?.textContent ?? '';
      try {
        await navigator.clipboard.writeText(text);
        label.textContent = 'Copied';
      } catch {
        label.textContent = 'Not allowed';
      }
      setTimeout(() => { label.textContent = before; }, 2000);
    });
  }
}
