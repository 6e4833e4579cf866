/**
 * Tables of votes by round and validator: at most one each, the first valid one wins. Values are
 * never changed in place; a changed table shares every untouched row with the one before.
 */
import type { Certificate, CertificateKind, Commit, Hash, Prepare, Round } from '@daybook/core';
import { assert, equalBytes } from '@daybook/core';

/** A message and since when it is held, by the monotonic clock. */
export interface Held<Message> {
  readonly message: Message;
  readonly sinceMonoMs: number;
  /** When it was last forwarded for its sender (R14). */
  readonly relayedMonoMs?: number;
}

/** One place per validator of V_h. */
export type Row<Message> = readonly (Held<Message> | undefined)[];
/** Rows by round; a round without votes has no row. */
export type Table<Message> = Readonly<Record<Round, Row<Message>>>;

export function emptyRow<Message>(count: number): Row<Message> {
  return Array.from({ length: count }, () => undefined);
}

export function heldAt<Message>(
  table: Table<Message>,
  round: Round,
  sender: number,
): Held<Message> | undefined {
  return table[round]?.[sender];
}

/** Rounds of a table in ascending order: the language keeps keys that are integers in it. */
export function roundsOf(table: Readonly<Record<Round, unknown>>): readonly Round[] {
  const rounds: Round[] = [];
  for (const round in table) rounds.push(Number(round));
  return rounds;
}

/** Whether no vote is held; what a table loses last is its row. */
export function isEmptyTable(table: Readonly<Record<Round, unknown>>): boolean {
  for (const _round in table) return false;
  return true;
}

export function withHeld<Message>(
  row: Row<Message>,
  sender: number,
  held: Held<Message> | undefined,
): Row<Message> {
  assert(sender >= 0 && sender < row.length, 'a sender has a place in the row');
  return row.with(sender, held);
}

/** The table with one place filled anew; `count` is the size of the set. */
export function withVote<Message>(
  table: Table<Message>,
  place: { readonly round: Round; readonly sender: number; readonly count: number },
  held: Held<Message>,
): Table<Message> {
  const row = table[place.round] ?? emptyRow<Message>(place.count);
  return { ...table, [place.round]: withHeld(row, place.sender, held) };
}

/** The table without the rounds that `keep` refuses; the same object if nothing goes. */
export function keepRounds<Value>(
  table: Readonly<Record<Round, Value>>,
  keep: (round: Round) => boolean,
): Readonly<Record<Round, Value>> {
  const rounds = roundsOf(table);
  if (rounds.every(keep)) return table;
  const kept: Record<Round, Value> = {};
  for (const round of rounds) {
    const value = table[round];
    if (value !== undefined && keep(round)) kept[round] = value;
  }
  return kept;
}

/** The votes of a row for one block, ascending by validator index. */
export function votesFor<Vote extends Prepare | Commit>(
  row: Row<Vote> | undefined,
  hash: Hash,
): readonly Vote[] {
  const votes: Vote[] = [];
  for (const held of row ?? []) {
    if (held !== undefined && equalBytes(held.message.signed.content.blockHash, hash)) {
      votes.push(held.message);
    }
  }
  return votes;
}

/** A certificate of the given votes, all of one height, round and block, ascending by index. */
export function certificateOf(
  kind: CertificateKind,
  votes: readonly (Prepare | Commit)[],
  validatorCount: number,
): Certificate {
  const first = votes[0]?.signed.content;
  assert(first !== undefined, 'a certificate has seals');
  return {
    kind,
    height: first.height,
    round: first.round,
    blockHash: first.blockHash,
    validatorCount,
    signers: votes.map(({ signed }) => signed.sender),
    signatures: votes.map(({ signed }) => signed.signature),
  };
}
