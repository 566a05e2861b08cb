// A field that is filled from the address's fragment, which browsers send to no server: #k=VALUE. It is taken out of the address, and
// of the history, at once.

export function fragment(): void {
  const field = document.querySelector<HTMLInputElement>('input[data-from-fragment]');
  if (!field) return;
  const value = new URLSearchParams(location.hash.slice(1)).get(field.dataset.fromFragment ?? '');
  if (!value) return;
  if (field.value === '') field.value = value;
  history.replaceState(history.state, '', location.pathname + location.search);
}
