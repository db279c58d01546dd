// From bytes to messages and back: one value, one encoding, within limits (SPEC 4.1, proto/README.md).

import protobuf from 'protobufjs';
import { ascii, hex, same, unhex } from './bytes.js';
import { Refused, need } from './errors.js';
import { check as checkRules } from './rules.js';
import { choices, limit, mayBeAbsent } from './schema.js';

const LARGEST = 2n ** 64n - 1n;
const big = (value) => (typeof value === 'object' ? BigInt(value.toString()) : BigInt(value));
const has = (message, name) => Object.hasOwn(message, name);

function checkNumber(where, field, value) {
  const number = big(value);
  need(number === BigInt(limit(field, 'version_is', number)), `${where}: another version`);
  const [least, most] = [BigInt(limit(field, 'min_value', 0)), BigInt(limit(field, 'max_value', LARGEST))];
  need(least <= number && number <= most, `${where}: out of range`);
}

function checkLength(where, field, length) {
  const exact = limit(field, 'exact_len');
  const [least, most] = exact === undefined ? [limit(field, 'min_len', 0), limit(field, 'max_len')] : [exact, exact];
  need(least <= length && length <= most, `${where}: wrong length`);
}

function checkValue(where, field, value) {
  if (field.resolvedType instanceof protobuf.Type) checkMessage(field.resolvedType, value);
  else if (field.resolvedType) need(value !== 0 && field.resolvedType.valuesById[value], `${where}: no such value`);
  else if (field.type === 'bytes') checkLength(where, field, value.length);
  else if (field.type === 'string') checkLength(where, field, ascii(value).length);
  else if (field.type !== 'bool') checkNumber(where, field, value);
}

function checkField(type, message, field) {
  const where = `${type.name}.${field.name}`;
  if (field.repeated) {
    const count = message[field.name].length;
    need(limit(field, 'min_items', 0) <= count && count <= limit(field, 'max_items'), `${where}: wrong count`);
    for (const item of message[field.name]) checkValue(where, field, item);
  } else if (has(message, field.name) || !(mayBeAbsent(field) || field.resolvedType instanceof protobuf.Type)) {
    checkValue(where, field, message[field.name]);
  } else {
    // A message that is neither optional nor in a one-of has to be there.
    need(mayBeAbsent(field), `${where} is missing`);
  }
}

function checkMessage(type, message) {
  need(type.encode(message).finish().length <= limit(type, 'max_size'), `${type.name} is too long`);
  for (const choice of choices(type)) {
    need(choice.oneof.some((name) => has(message, name)), `${type.name}.${choice.name} has no member`);
  }
  for (const field of type.fieldsArray) checkField(type, message, field);
}

/** Decodes and encodes the messages of a schema. */
export class Wire {
  constructor(typeOf) {
    this.typeOf = typeOf;
  }

  /** The message `name` in `data`, or `Refused`: [W1] to [W5]. */
  decode(name, data) {
    const type = this.typeOf(name);
    // Before anything is allocated: [W3].
    need(data.length <= limit(type, 'max_size'), `${name} is too long`);
    let message;
    try {
      message = type.decode(data);
    } catch (error) {
      throw new Refused(`${name} does not parse: ${error.message}`);
    }
    checkMessage(type, message);
    need(same(type.encode(message).finish(), data), `${name} is not in its one encoding`);
    checkRules(name, message);
    return message;
  }

  /** The encoding of a message whose fields are as `fields` gives them. */
  encode(name, fields) {
    const type = this.typeOf(name);
    const data = new Uint8Array(type.encode(this.#fill(type, fields)).finish());
    this.decode(name, data);
    return data;
  }

  /** The fields as JSON has them: bytes in hex, numbers of 64 bits as text, absent fields left out. */
  fields(name, message, type = this.typeOf(name)) {
    const out = {};
    for (const field of type.fieldsArray) {
      if ((mayBeAbsent(field) || field.resolvedType instanceof protobuf.Type) && !field.repeated && !has(message, field.name)) continue;
      const value = message[field.name];
      out[field.name] = field.repeated ? value.map((item) => this.#toJson(field, item)) : this.#toJson(field, value);
    }
    return out;
  }

  #toJson(field, value) {
    if (field.resolvedType instanceof protobuf.Type) return this.fields(field.name, value, field.resolvedType);
    if (field.type === 'bytes') return hex(value);
    return field.type === 'uint64' ? value.toString() : value;
  }

  #fill(type, fields) {
    const out = {};
    for (const [name, value] of Object.entries(fields)) {
      const field = type.fields[name];
      out[name] = field.repeated ? value.map((item) => this.#fromJson(field, item)) : this.#fromJson(field, value);
    }
    return type.create(out);
  }

  #fromJson(field, value) {
    if (field.resolvedType instanceof protobuf.Type) return this.#fill(field.resolvedType, value);
    if (field.type === 'bytes') return unhex(value);
    return field.type === 'uint64' ? protobuf.util.Long.fromString(String(value), true) : value;
  }
}
