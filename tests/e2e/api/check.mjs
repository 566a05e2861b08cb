// Holds the contract of the API against itself and against what the server answers:
//   node check.mjs OPENAPI_JSON ANSWERS
// The document must be OpenAPI 3.1, every example must be of its schema, and every answer the tests have got (ANSWERS: a JSON object a
// line, as tests/api/asking.hpp writes them) must be one the document names, of the type and the schema it names. Every operation must
// have been answered well at least once.
import { readFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const [contractFile, answersFile] = process.argv.slice(2);
const contract = JSON.parse(readFileSync(contractFile, 'utf8'));
const faults = [];
const fault = (text) => { if (!faults.includes(text)) faults.push(text); };

const valid = await new Validator().validate(structuredClone(contract));
if (!valid.valid) fault(`the document is no OpenAPI 3.1: ${JSON.stringify(valid.errors, null, 1)}`);

const ajv = new Ajv2020({ allErrors: true, strict: false });
addFormats.default(ajv);
ajv.addSchema({ ...contract, $id: 'contract' });
const checks = new Map();
// The schema of a place in the document, by its JSON pointer.
const check = (pointer, value, what) => {
  const reference = `contract#${pointer.map((part) => `/${encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))}`).join('')}`;
  if (!checks.has(reference)) checks.set(reference, ajv.compile({ $ref: reference }));
  const validate = checks.get(reference);
  if (!validate(value)) fault(`${what}: ${ajv.errorsText(validate.errors)}`);
};

// A part of the document and where it stands, a $ref followed.
const at = (pointer) => {
  let part = contract;
  for (const name of pointer) part = part?.[name];
  if (part && typeof part.$ref === 'string') {
    return at(part.$ref.slice(2).split('/').map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~')));
  }
  return { part, pointer };
};

let examples = 0;
const checkExamples = (media, pointer, what) => {
  if (!media || !media.schema) return;
  if ('example' in media) {
    examples += 1;
    check([...pointer, 'schema'], media.example, `${what}: its example`);
  }
};
const checkContent = (holder, pointer, what) => {
  for (const [type, media] of Object.entries(holder?.content ?? {})) checkExamples(media, [...pointer, 'content', type], `${what} ${type}`);
};

const operations = [];
for (const [path, item] of Object.entries(contract.paths)) {
  for (const [method, operation] of Object.entries(item)) {
    if (method === 'parameters') continue;
    const here = ['paths', path, method];
    const what = `${method.toUpperCase()} ${path}`;
    operations.push({ what, method: method.toUpperCase(), path, here, operation, answered: false,
      pattern: new RegExp(`^${contract.servers[0].url}${path.replaceAll(/[.]/g, '\\.').replaceAll(/\{[^}]+\}/g, '[^/]+')}$`) });
    (operation.parameters ?? []).forEach((_, number) => {
      const found = at([...here, 'parameters', `${number}`]);
      if ('example' in found.part) {
        examples += 1;
        check([...found.pointer, 'schema'], found.part.example, `${what}: the example of ${found.part.name}`);
      }
    });
    checkContent(operation.requestBody, [...here, 'requestBody'], what);
    for (const status of Object.keys(operation.responses)) {
      const found = at([...here, 'responses', status]);
      checkContent(found.part, found.pointer, `${what} ${status}`);
    }
  }
}

let answers = 0;
for (const line of readFileSync(answersFile, 'utf8').split('\n')) {
  if (line === '') continue;
  const answer = JSON.parse(line);
  const literal = operations.filter((one) => one.method === answer.method && one.pattern.test(answer.path))
    .sort((a, b) => a.path.split('{').length - b.path.split('{').length);
  if (literal.length === 0) {
    // No operation: a path or method there is not, or what is beside the API (/metrics). What is refused is a problem all the same.
    if (answer.status < 400) {
      if (answer.path.startsWith(`${contract.servers[0].url}/`)) fault(`${answer.method} ${answer.path} is answered and not in the document`);
      continue;
    }
    check(['components', 'schemas', 'Problem'], JSON.parse(answer.body), `${answer.method} ${answer.path} ${answer.status}`);
    continue;
  }
  const operation = literal[0];
  answers += 1;
  const status = `${answer.status}`;
  const what = `${operation.what} ${status}`;
  const response = at([...operation.here, 'responses', status]);
  if (!response.part) {
    fault(`${what} is not in the document`);
    continue;
  }
  if (answer.status < 300) operation.answered = true;
  if (!response.part.content) {
    if (answer.body !== '') fault(`${what}: has a body`);
    continue;
  }
  const type = answer.type.split(';')[0];
  if (!(type in response.part.content)) {
    fault(`${what}: is ${type}`);
    continue;
  }
  check([...response.pointer, 'content', type, 'schema'], JSON.parse(answer.body), what);
}
for (const operation of operations) if (!operation.answered) fault(`${operation.what} was never answered well`);

if (faults.length > 0) {
  console.error(faults.join('\n'));
  process.exit(1);
}
console.log(`${operations.length} operations, ${examples} examples and ${answers} answers are as the contract says`);
