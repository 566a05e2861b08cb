// A filter is applied when a choice is made; what is typed waits for Enter or the button. Empty fields stay out of the address.

export function filters(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>('form.filters')) {
    form.addEventListener('submit', () => {
      for (const field of form.querySelectorAll<HTMLInputElement | HTMLSelectElement>('input[name], select[name]')) {
        if (field.value === '') field.disabled = true;
      }
    });
    form.addEventListener('change', (event) => {
      if (event.target instanceof HTMLSelectElement || (event.target instanceof HTMLInputElement && event.target.type === 'checkbox')) form.requestSubmit();
    });
  }
  // Fields that were left out are there again when a page is come back to.
  window.addEventListener('pageshow', () => {
    for (const field of document.querySelectorAll<HTMLInputElement | HTMLSelectElement>('form.filters :disabled')) field.disabled = false;
  });
}
