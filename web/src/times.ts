// <time datetime="…Z"> in the reader's zone. The footer names the zone; the moment in UTC is in the title.

// The zone a reader has chosen in the account; the browser's where there is none, or none the browser knows.
function readersZone(): string | undefined {
  const chosen = document.querySelector<HTMLElement>('[data-zone]')?.dataset['zone'];
  if (!chosen) return undefined;
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone: chosen }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
}

const timeZone = readersZone();
const parts: Intl.DateTimeFormatOptions = { year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone };
const full = new Intl.DateTimeFormat('en-GB', { ...parts, second: '2-digit' });
const minutes = new Intl.DateTimeFormat('en-GB', parts);
const days = new Intl.DateTimeFormat('en-GB', { year: 'numeric', month: 'short', day: 'numeric', timeZone });

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone });

const steps: [number, Intl.RelativeTimeFormatUnit][] = [[60, 'second'], [60, 'minute'], [24, 'hour'], [Infinity, 'day']];
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });

function ago(then: Date, now: number): string {
  let value = Math.round((then.getTime() - now) / 1000);
  if (Math.abs(value) < 5) return 'just now';
  for (const [size, unit] of steps) {
    if (Math.abs(value) < size) return relative.format(value, unit);
    value = Math.trunc(value / size);
  }
  return '';
}

function show(element: HTMLTimeElement, now: number): void {
  const moment = new Date(element.dateTime);
  if (Number.isNaN(moment.getTime())) return;
  const form = element.dataset['form'];
  element.textContent = form === 'ago' ? ago(moment, now) : form === 'day' ? days.format(moment) : form === 'clock' ? clock.format(moment) : (form === 'full' ? full : minutes).format(moment);
  element.title = form === 'ago' ? `${full.format(moment)} (${element.dateTime})` : element.dateTime;
}

function zoneName(): string {
  const name = timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  const offset = new Intl.DateTimeFormat('en-GB', { timeZoneName: 'longOffset', timeZone }).formatToParts().find((part) => part.type === 'timeZoneName');
  return offset ? `${name.replaceAll('_', ' ')} (${offset.value.replace(/^GMT$/, 'UTC').replace(/^GMT/, 'UTC')})` : name;
}

// What a column of a chart says of itself begins with its moment: "20:00 UTC: 3 events".
function showColumn(column: SVGGElement): void {
  const moment = new Date(column.dataset['at'] ?? ''), title = column.querySelector('title');
  if (title && !Number.isNaN(moment.getTime())) title.textContent = title.textContent.replace(/^\d\d:\d\d UTC/, clock.format(moment));
}

export function times(root: ParentNode): void {
  const now = Date.now();
  for (const column of root.querySelectorAll<SVGGElement>('g[data-at]')) showColumn(column);
  for (const element of root.querySelectorAll<HTMLTimeElement>('time[datetime]')) show(element, now);
  for (const element of root.querySelectorAll('[data-zone]')) element.textContent = zoneName();
}
