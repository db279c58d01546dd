// The messages of proto/incamera/v1 and their limits, read from the files themselves (SPEC 4.1, 4.2).

import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import protobuf from 'protobufjs';

const PACKAGE = 'incamera.v1';

/** All types of the files under `proto`. */
export function load(proto) {
  const own = path.dirname(createRequire(import.meta.url).resolve('protobufjs/package.json'));
  const root = new protobuf.Root();
  root.resolvePath = (_, target) => path.join(target.startsWith('google/') ? own : proto, target);
  const folder = 'incamera/v1';
  const files = readdirSync(path.join(proto, folder)).filter((name) => name.endsWith('.proto'));
  root.loadSync(files.map((name) => `${folder}/${name}`), { keepCase: true });
  root.resolveAll();
  return (name) => root.lookupType(`${PACKAGE}.${name}`);
}

/** An option of limits.proto on a message or a field. */
export function limit(of, option, otherwise) {
  return of.options?.[`(${option})`] ?? otherwise;
}

/** Whether a field may be absent: it is `optional`, or a member of a one-of. */
export const mayBeAbsent = (field) => Boolean(field.partOf);

/** The one-ofs of a message that are no `optional` field. */
export const choices = (type) => type.oneofsArray.filter((choice) => !choice.isProto3Optional);
