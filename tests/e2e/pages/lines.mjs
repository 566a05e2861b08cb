// Events as a site would send them, over the last 30 hours, and some whose texts try to be something else.
//   node lines.mjs [COUNT]
import { randomUUID } from 'node:crypto';
import { strange } from './strange.mjs';

const count = Number(process.argv[2] ?? 180);
const now = Math.floor(Date.now() / 1000);
const uid = 'ab'.repeat(32);
const kinds = [
  ['auth.login', { uid, ip: '198.51.100.7', roles: ['administrator', 'editor'] }],
  ['auth.login_failed', { username: 'admin', ip: '203.0.113.9' }],
  ['config.save', { config_name: 'system.site', category: 'system', change_type: 'update', actor_uid: uid }],
  ['user.role_changed', { uid, roles_before: ['editor'], roles_after: ['editor', 'administrator'], roles_added: ['administrator'], roles_removed: [], actor_uid: uid }],
  ['agent.dropped', { reason: 'buffer_full', count: 12 }],
];
const line = (event_type, created_at, labels) => JSON.stringify({ event_type, created_at, timestamp: created_at, event_id: randomUUID(), labels });
for (let i = 0; i < count; i++) {
  const [type, labels] = kinds[i % kinds.length];
  console.log(line(type, now - Math.floor((i * 30 * 3600) / count), labels));
}
for (const text of strange) console.log(line('config.save', now, { config_name: text.slice(0, 1000), category: text.slice(0, 1000), change_type: 'update', actor_uid: uid }));
