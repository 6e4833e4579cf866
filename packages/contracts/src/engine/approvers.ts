/** Lists of those who agreed to a pending call, released it or refused it: each officer once. */
import type { Actor, Approver } from '../language/context.ts';

export const APPROVERS_MAX = 64;

/** The approvers with those signers who are not among them yet. */
export function joined(
  present: readonly Approver[],
  signers: readonly Actor[],
): readonly Approver[] {
  const all = [...present];
  for (const signer of signers) {
    const { identity: who, publicKey } = signer;
    const isNew = !all.some((other) => other.identity === who);
    if (isNew && publicKey !== undefined && all.length < APPROVERS_MAX) {
      all.push({ identity: who, publicKey });
    }
  }
  return all;
}

/** Whether somebody counts who is not among those present. */
export function bringsMore(counted: readonly Approver[], present: readonly Approver[]): boolean {
  return counted.some(({ identity: who }) => !present.some((other) => other.identity === who));
}

/** Whether one of the signers is among those who count. */
export function isAnyOf(counted: readonly Approver[], signers: readonly Actor[]): boolean {
  return counted.some(({ identity: who }) => signers.some((signer) => signer.identity === who));
}

/** Those of the first who are not among the others. */
export function without(
  present: readonly Approver[],
  others: readonly Approver[],
): readonly Approver[] {
  return present.filter(({ identity: who }) => !others.some((other) => other.identity === who));
}
