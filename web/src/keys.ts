// Keys of lists: "/" goes to the search, j and k through the rows. Never while something is typed.

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches('input, select, textarea'));
}

function step(by: number): void {
  const links = [...document.querySelectorAll<HTMLAnchorElement>('a.row-link')];
  if (links.length === 0) return;
  const at = links.findIndex((link) => link === document.activeElement);
  links[at < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + by, 0), links.length - 1)]?.focus();
}

export function keys(): void {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || typing(event.target)) return;
    if (event.key === '/') document.querySelector<HTMLInputElement>('form.search input[type="search"]')?.focus();
    else if (event.key === 'j') step(1);
    else if (event.key === 'k') step(-1);
    else return;
    event.preventDefault();
  });
}
