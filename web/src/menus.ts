// Menus are <details>: Escape closes one and goes back to its button, so does a click or the focus anywhere else.

export function menus(): void {
  const open = () => document.querySelectorAll<HTMLDetailsElement>('details.drop[open]');
  const closeOthers = (target: EventTarget | null) => {
    for (const menu of open()) if (!(target instanceof Node) || !menu.contains(target)) menu.open = false;
  };
  document.addEventListener('click', (event) => closeOthers(event.target));
  document.addEventListener('focusin', (event) => closeOthers(event.target));
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    for (const menu of open()) {
      menu.open = false;
      menu.querySelector('summary')?.focus();
    }
  });
}
