// A site that sends: signs a batch as the wire asks (ARCHITECTURE.md, "Wire") and prints the answer's status.
//   node send.mjs GATEWAY ENTITY SECRET <lines
import { createHash, createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';

const [gateway, entity, secret] = process.argv.slice(2);
const body = readFileSync(0);
const batch = createHash('sha256').update(entity).update('\0').update(body).digest('hex').slice(0, 32);
const now = String(Math.floor(Date.now() / 1000));
const key = createHmac('sha256', secret).update('ingest-sign/v1').digest();
const hash = createHash('sha256').update(body).digest('hex');
const signature = createHmac('sha256', key).update(`v1\nPOST\n/v1/ingest\n${entity}\n${now}\n${batch}\nidentity\n${hash}`).digest('hex');
const answer = await fetch(`${gateway}/v1/ingest`, {
  method: 'POST',
  body,
  headers: {
    'Content-Type': 'application/x-ndjson',
    'Logystera-Entity': entity,
    'Logystera-Timestamp': now,
    'Logystera-Batch': batch,
    'Logystera-Signature': `v1=${signature}`,
    'User-Agent': 'logystera/0.1.1',
  },
});
console.log(answer.status, await answer.text());
