/**
 * Reasons and refusals on the way between node and signer: the code as text, then its facts in the
 * order of a table, so that each has one encoding.
 */
import type { BinaryReader, createWriter } from '@daybook/core';
import { decodeUtf8, encodeUtf8 } from '@daybook/core';
import type { SigningRefusal } from './signer.ts';
import type { QuarantineReason } from './vote-log.ts';

export type FactsWriter = ReturnType<typeof createWriter>;

/** `fraction` travels in millionths: nothing that is encoded here is a float. */
type FactType = 'text' | 'count' | 'fraction';
type FactRows<T extends { readonly code: string }> = {
  readonly [C in T['code']]: Readonly<
    Record<Exclude<keyof Extract<T, { readonly code: C }>, 'code'>, FactType>
  >;
};

const QUARANTINE_FACTS: FactRows<QuarantineReason> = {
  STATE_VOTES_MISSING: { path: 'text' },
  STATE_VOTES_UNREADABLE: { path: 'text', fact: 'text' },
  STATE_VOTES_COPIED: { path: 'text', fact: 'text' },
  STATE_VOTES_FOREIGN: { path: 'text', fact: 'text' },
  STATE_VOTES_DAMAGED: { sequence: 'count', fact: 'text' },
  STATE_VOTES_BEHIND: { height: 'count', guardHeight: 'count', fact: 'text' },
  STATE_VOTES_DISTRUSTED: {},
};

const REFUSAL_FACTS: FactRows<SigningRefusal> = {
  STATE_SIGNING_MALFORMED: { fact: 'text' },
  STATE_SIGNING_FOREIGN_CHAIN: {},
  STATE_SIGNING_BEHIND_GUARD: { guardHeight: 'count', guardRound: 'count' },
  STATE_SIGNING_WITHOUT_LOCK: {},
  STATE_SIGNING_LOCK_HIDDEN: {},
  STATE_SIGNING_DISK_LOW: { freeFraction: 'fraction' },
  STATE_SIGNING_QUARANTINED: { reason: 'text' },
  STATE_SIGNER_AWAY: { fact: 'text' },
};

interface Coded {
  quarantine: QuarantineReason;
  refusal: SigningRefusal;
}

type Rows = Readonly<Record<string, Readonly<Record<string, FactType>>>>;
const TABLES: Readonly<Record<keyof Coded, Rows>> = {
  quarantine: QUARANTINE_FACTS,
  refusal: REFUSAL_FACTS,
};

const TEXT_BYTES_MAX = 4096;
const MILLION = 1_000_000;

function writeText(writer: FactsWriter, text: string): void {
  writer.sized(encodeUtf8(text.slice(0, TEXT_BYTES_MAX / 4)));
}

function readText(reader: BinaryReader): string {
  const text = decodeUtf8(reader.sized(TEXT_BYTES_MAX));
  return text.ok ? text.value : reader.refuse('holds a text that is none');
}

export function writeFacts(writer: FactsWriter, value: QuarantineReason | SigningRefusal): void {
  writeText(writer, value.code);
  const rows = { ...TABLES.quarantine, ...TABLES.refusal }[value.code] ?? {};
  const facts: Readonly<Record<string, unknown>> = { ...value };
  for (const [name, type] of Object.entries(rows)) {
    const fact = facts[name];
    if (type === 'text') writeText(writer, String(fact));
    else writer.u64(type === 'count' ? Number(fact) : Math.round(Number(fact) * MILLION));
  }
}

/** @param kind  which codes may stand here */
export function readFacts<K extends keyof Coded>(reader: BinaryReader, kind: K): Coded[K] {
  const code = readText(reader);
  const rows = Object.entries(TABLES[kind]).find(([known]) => known === code)?.[1];
  if (rows === undefined) return reader.refuse('has an unknown code');
  const facts = Object.entries(rows).map(([name, type]) => {
    if (type === 'text') return [name, readText(reader)];
    const count = reader.u64();
    return [name, type === 'count' ? count : count / MILLION];
  });
  // The code is one of the table, and every fact of its row was read.
  return { code, ...Object.fromEntries(facts) } as Coded[K];
}
