// A log whose errors and requests try to be something else: JSON lines with errors, then requests that rules know; and an ordinary one,
// in which somebody guesses passwords.
//   node logs.mjs errors | node logs.mjs requests | node logs.mjs auth
import { strange } from './strange.mjs';

const now = Date.now();
if (process.argv[2] === 'errors') {
  strange.forEach((text, i) => console.log(JSON.stringify({ timestamp: new Date(now - i * 60000).toISOString(), level: 'error', message: `Cannot handle ${text}` })));
} else if (process.argv[2] === 'auth') {
  for (let i = 0; i < 30; i++) console.log(`${new Date(now - (30 - i) * 1000).toISOString()} web1 sshd[71]: Failed password for root from 198.51.100.7 port 22 ssh2`);
} else {
  const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  const two = (n) => String(n).padStart(2, '0');
  strange.forEach((text, i) => {
    const t = new Date(now - i * 60000);
    const at = `${two(t.getUTCDate())}/${months[t.getUTCMonth()]}/${t.getUTCFullYear()}:${two(t.getUTCHours())}:${two(t.getUTCMinutes())}:${two(t.getUTCSeconds())} +0000`;
    const agent = text.replaceAll('\\', '').replaceAll('"', "'");
    console.log(`198.51.100.7 - - [${at}] "GET /index.php?id=1%27%20union%20select%20password&q=<script>alert(${i})</script> HTTP/1.1" 200 512 "-" "sqlmap/1.7 ${agent}"`);
  });
}
