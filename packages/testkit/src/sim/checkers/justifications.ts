/**
 * I33: in later rounds a correct validator PREPAREs only what a quorum has asked for. The rules of
 * protocol §7 are written a second time here, for the proposal that has reached it or that it has signed.
 */
import type { Justification, PrePrepare, UnsignedPrepare } from '@daybook/core';
import {
  equalBytes,
  quorumOf,
  signBytes,
  toHex,
  verifyCertificate,
  verifyStrict,
} from '@daybook/core';
import { parseSignBytes } from '@daybook/state';
import type { Machine } from '../node/machine.ts';
import { proposalDecoder } from '../proposal-decoder.ts';
import type { Checker } from './checker.ts';

/** A node takes proposals for the height after its head and the next one. */
const HEIGHTS_AHEAD = 2;

/** Justifications of proposals of later rounds by height, then by machine, round and block. */
type Proposals = Map<number, Map<string, Set<Justification | undefined>>>;

export const JUSTIFICATIONS: Checker = {
  invariants: ['I33'],
  watch: (world) => {
    const proposals: Proposals = new Map();
    const proposalIn = proposalDecoder();
    // What reached it and not what was sent: a traitor changes messages on their way.
    world.events.on('arrived', ({ machine, kind, bytes }) => {
      if (kind === 'pre-prepare') keep(proposals, machine, proposalIn(bytes));
    });
    // One that was logged by a life that ended before it heard of it is the next life's.
    world.events.on('booted', ({ machine }) => {
      const logged = machine.replica()?.signer?.state().own ?? [];
      for (const { step, attachment } of logged) {
        if (step === 'pre-prepare') keep(proposals, machine, proposalIn(attachment));
      }
    });
    world.events.on('signed', ({ machine, request, vote }) => {
      if (!machine.isHonest || vote.round === 0) return;
      if (vote.step === 'pre-prepare') keep(proposals, machine, proposalIn(request.attachment));
      if (vote.step !== 'prepare') return;
      const parsed = parseSignBytes(request.signBytes);
      if (!parsed.ok || parsed.value.content.type !== 'prepare') return;
      const { content } = parsed.value;
      const known = proposals.get(content.height)?.get(nameOf(machine, content));
      if ([...(known ?? [])].some((one) => isRight(machine, content, one))) {
        world.coverage.add('justification judged');
        return;
      }
      const { height, round } = content;
      world.violate('I33', `${machine.name} PREPAREs ${height}/${round} without justification`);
    });
  },
};

function nameOf(
  { index }: Machine,
  { round, blockHash }: Pick<UnsignedPrepare, 'round' | 'blockHash'>,
): string {
  return `${index}/${round}/${toHex(blockHash)}`;
}

function keep(proposals: Proposals, machine: Machine, proposal: PrePrepare | undefined): void {
  if (proposal === undefined) return;
  const { signed, justification } = proposal;
  const { height, round } = signed.content;
  // A flood of proposals for heights to come is of no interest to anybody.
  if (round === 0 || height > machine.height() + HEIGHTS_AHEAD) return;
  const slots = proposals.get(height) ?? new Map<string, Set<Justification | undefined>>();
  proposals.set(height, slots);
  const name = nameOf(machine, signed.content);
  slots.set(name, (slots.get(name) ?? new Set<Justification | undefined>()).add(justification));
}

function isRight(
  machine: Machine,
  { height, round, blockHash }: UnsignedPrepare,
  justification: Justification | undefined,
): boolean {
  const head = machine.replica()?.ledger.head();
  // It dies while it signs, or sync has moved on: there is nothing to judge by.
  if (head === undefined || head.header.height + 1 !== height) return true;
  if (justification === undefined) return false;
  const { validators, era: chain } = head.next;
  const { entries, certificate } = justification;
  const { quorum } = quorumOf(validators.length);
  if (entries.length !== quorum || new Set(entries.map(({ sender }) => sender)).size !== quorum) {
    return false;
  }
  for (const { sender, signature, prepared } of entries) {
    const content = { type: 'round-change', height, round, ...(prepared && { prepared }) } as const;
    const key = validators[sender]?.publicKey;
    if (key === undefined || !verifyStrict(key, signBytes(chain, content), signature)) return false;
  }
  const locks = entries.flatMap(({ prepared }) => prepared ?? []);
  if (locks.length === 0) return certificate === undefined;
  const highest = Math.max(...locks.map((lock) => lock.round));
  const isNamed = locks.some(
    (lock) => lock.round === highest && equalBytes(lock.blockHash, blockHash),
  );
  if (!isNamed || highest >= round || certificate?.round !== highest) return false;
  const expected = { kind: 'prepare', chain, height, blockHash, validators } as const;
  return verifyCertificate(certificate, expected).ok;
}
