// Live pages. One tab of a browser holds a stream on which the server says that something has changed, and tells the others; each then
// fetches its own page again and takes over what it may. Rows never move under a pointer: a list says that there is more, and shows it
// when it is asked.
//
//   <section data-live="findings errors" id="trend">   is replaced by what the page has there now
//   <div data-live-news="findings" hidden>             is shown; a click on its button loads the page again
//   <section data-live-first="findings">               an empty page: the first of them loads it again
//   <button data-live-follow="#events">                while it is pressed, the list is replaced as if it were data-live
//
// The stream carries no content, and whoever has no right to a page gets nothing by it.

type Topic = 'alerts' | 'findings' | 'errors' | 'events' | 'sites' | 'resync';
interface Hint { topic: Topic; site?: string; n?: number }

const topics: Topic[] = ['alerts', 'findings', 'errors', 'events', 'sites', 'resync'];
const debounce = 1000;
const hiddenFor = 60_000; // then nobody looks
const pollEvery = 15_000; // where there is no stream

const words = { live: 'Live', paused: 'Paused', waiting: 'Reconnecting…', polling: 'Every 15 s' } as const;

function say(state: keyof typeof words): void {
  const element = document.querySelector<HTMLElement>('[data-live]:not([id])');
  if (!element) return;
  element.hidden = false;
  element.dataset['state'] = state;
  if (element.textContent !== words[state]) element.textContent = words[state];
}

/** Whether a part asks for one of these topics. */
function concerns(asked: string | undefined, heard: Set<Topic>): boolean {
  return heard.has('resync') || (asked ?? '').split(' ').some((topic) => heard.has(topic as Topic));
}

function focused(part: Element): HTMLElement | null {
  const active = document.activeElement;
  return active instanceof HTMLElement && active !== document.body && part.contains(active) ? active : null;
}

/** Something in it is being used: the pointer is over it, or the focus in it. */
function inUse(part: Element): boolean {
  return part.matches(':hover') || focused(part) !== null;
}

/** What in a new part is what has the focus in the old one; nothing where there is no such thing, or somebody writes or chooses in it. */
function counterpart(active: HTMLElement, after: ParentNode): HTMLElement | undefined {
  if (active.matches('input, select, textarea')) return undefined;
  const same = [...after.querySelectorAll<HTMLElement>(active.tagName.toLowerCase())].filter((one) =>
    one.id === active.id && one.getAttribute('href') === active.getAttribute('href'));
  return same.find((one) => one.textContent === active.textContent) ?? (active.id || active.hasAttribute('href') ? same[0] : undefined);
}

let waits = false;

/** Loads the page again, but not while the focus is in its content: it would be at the top then. */
function again(): void {
  const content = document.querySelector('main');
  const wait = () => content && focused(content) && document.activeElement !== content;
  if (!wait()) {
    location.reload();
    return;
  }
  if (waits) return;
  waits = true;
  const left = () => { window.setTimeout(() => { if (!wait()) location.reload(); }); };
  document.addEventListener('focusout', left);
}

function followed(): HTMLElement[] {
  const button = document.querySelector<HTMLElement>('[data-live-follow][aria-pressed="true"]');
  const list = button && document.querySelector<HTMLElement>(button.dataset['liveFollow'] ?? '');
  return list ? [list] : [];
}

/** Marks rows that were not there before. */
function mark(before: Element, after: Element): void {
  const known = new Set([...before.querySelectorAll('tbody tr')].map((row) => row.textContent));
  for (const row of after.querySelectorAll('tbody tr')) if (!known.has(row.textContent)) row.classList.add('fresh');
}

async function refresh(heard: Set<Topic>, shown: (part: ParentNode) => void): Promise<void> {
  const parts = [...document.querySelectorAll<HTMLElement>('[data-live][id]')].filter((part) => concerns(part.dataset['live'], heard));
  const first = document.querySelector<HTMLElement>('[data-live-first]');
  if (first && concerns(first.dataset['liveFirst'], heard)) {
    again();
    return;
  }
  const lists = followed().filter((list) => concerns(list.dataset['liveList'], heard));
  for (const news of document.querySelectorAll<HTMLElement>('[data-live-news]')) {
    if (concerns(news.dataset['liveNews'], heard)) news.hidden = lists.some((list) => !inUse(list));
  }
  parts.push(...lists);
  if (parts.length === 0) return;
  const answer = await fetch(location.href, { headers: { Accept: 'text/html' }, redirect: 'manual' });
  if (!answer.ok) return; // signed out, or too much at once: the page says so when it is used
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  if (parts.some((part) => !fresh.getElementById(part.id))) {
    again(); // it is another page now: empty, or no longer so
    return;
  }
  for (const part of parts) {
    const now = fresh.getElementById(part.id);
    if (!now || part.matches(':hover')) continue;
    const open = new Set([...part.querySelectorAll('details[open]')].map((details) => details.querySelector('summary')?.textContent));
    const taken = document.importNode(now, true);
    if (part.dataset['liveList']) mark(part, taken);
    for (const details of taken.querySelectorAll('details')) details.open = open.has(details.querySelector('summary')?.textContent);
    const active = focused(part);
    const next = active && counterpart(active, taken);
    if (active && !next) continue; // it goes on with what it has, until the focus has left
    part.replaceWith(taken);
    shown(taken);
    next?.focus({ preventScroll: true });
  }
}

export function live(shown: (part: ParentNode) => void): void {
  if (!document.querySelector('[data-live][id], [data-live-news], [data-live-first]')) return;

  const heard = new Set<Topic>();
  let timer = 0;
  const take = (hint: Hint) => {
    heard.add(hint.topic);
    if (timer !== 0 || document.hidden) return;
    timer = window.setTimeout(() => {
      const now = new Set(heard);
      heard.clear();
      timer = 0;
      refresh(now, shown).catch(() => { say('waiting'); });
    }, debounce);
  };

  for (const button of document.querySelectorAll<HTMLElement>('[data-live-show]')) button.addEventListener('click', () => { location.reload(); });
  for (const element of document.querySelectorAll<HTMLElement>('[data-live-only]')) element.hidden = false;
  for (const button of document.querySelectorAll<HTMLElement>('[data-live-follow]')) {
    button.addEventListener('click', () => {
      const on = button.getAttribute('aria-pressed') !== 'true';
      button.setAttribute('aria-pressed', String(on));
      if (on) for (const topic of topics) take({ topic });
    });
  }

  const poll = () => {
    say('polling');
    window.setInterval(() => {
      if (!document.hidden) for (const topic of topics) take({ topic });
    }, pollEvery);
  };
  if (!('locks' in navigator) || !('BroadcastChannel' in window) || !('EventSource' in window)) {
    poll();
    return;
  }

  const channel = new BroadcastChannel('logystera-live');
  channel.addEventListener('message', (event: MessageEvent<Hint | { state: keyof typeof words }>) => {
    if ('state' in event.data) say(event.data.state);
    else take(event.data);
  });
  const tell = (state: keyof typeof words) => {
    say(state);
    channel.postMessage({ state });
  };

  // Holds the stream until nobody has looked at this tab for a while, or it was refused.
  const lead = () => new Promise<boolean>((done) => {
    const stream = new EventSource('/live');
    let hidden = 0;
    const end = (refused: boolean) => {
      stream.close();
      window.clearTimeout(hidden);
      document.removeEventListener('visibilitychange', look);
      done(refused);
    };
    const look = () => {
      window.clearTimeout(hidden);
      if (document.hidden) hidden = window.setTimeout(() => { end(false); }, hiddenFor);
    };
    document.addEventListener('visibilitychange', look);
    look();
    stream.addEventListener('open', () => { tell('live'); });
    stream.addEventListener('error', () => {
      if (stream.readyState === EventSource.CLOSED) end(true);
      else tell('waiting');
    });
    for (const topic of topics) {
      stream.addEventListener(topic, (event) => {
        const hint: Hint = { ...(JSON.parse((event as MessageEvent<string>).data) as object), topic };
        take(hint);
        channel.postMessage(hint);
      });
    }
  });

  // Each tab that is looked at waits for its turn to hold the stream; one that is hidden does not.
  let waiting = false;
  const join = () => {
    if (waiting || document.hidden) return;
    waiting = true;
    navigator.locks.request('logystera-live', lead).then((refused) => {
      waiting = false;
      if (refused) poll();
      else if (!document.hidden) join();
      else say('paused');
    }).catch(() => { waiting = false; });
  };
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) return;
    join();
    if (heard.size > 0) take({ topic: [...heard][0] as Topic });
  });
  // A tab that only listens learns how things are from what it hears; until then all is well.
  say('live');
  join();
}
