// Answers JSON lines: `node reader/main.js ROOT`, ROOT being where SPEC.md and proto/ are.
//
// A request is {"do": name, ...}; one of a meeting has its name in "in". The answer is {"ok": {...}} or {"refused": why}.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { hex, unhex } from './bytes.js';
import { Refused } from './errors.js';
import { words } from './identity.js';
import { OPERATIONS } from './operations.js';
import { load } from './schema.js';
import { Session } from './session.js';
import { Wire } from './wire.js';

const root = process.argv[2];
const reader = {
  wire: new Wire(load(path.join(root, 'proto'))),
  words: words(readFileSync(path.join(root, 'SPEC.md'), 'utf8')),
};
const sessions = new Map();

const own = {
  meeting: ({ name, ...settings }) => {
    sessions.set(name, new Session(reader, settings));
    return {};
  },
  decode: ({ message, data }) => ({ fields: reader.wire.fields(message, reader.wire.decode(message, unhex(data))) }),
  encode: ({ message, fields }) => ({ data: hex(reader.wire.encode(message, fields)) }),
};

async function answer({ do: name, in: meeting, ...request }) {
  try {
    if (meeting !== undefined) return { ok: await sessions.get(meeting)[name](request) };
    return { ok: await (own[name] ?? ((fields) => OPERATIONS[name](reader, fields)))(request) };
  } catch (error) {
    if (error instanceof Refused) return { refused: error.message };
    throw error;
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
}
