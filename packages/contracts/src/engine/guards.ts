/** Guards at work: asked before a guarded call takes effect, and told when it has. */
import type { Hash } from '@daybook/core';
import { asHash, hashTagged, TAGS } from '@daybook/core';
import type { GuardedCall } from '../language/action.ts';
import type { Actor, Hold, HoldEnd } from '../language/context.ts';
import type { Prepared } from './frame.ts';
import { shielded } from './frame.ts';
import type { ActiveContract, Session } from './session.ts';

/** Under which a call of this transaction is kept; it stands alone there. */
export function keyOfCall({ current }: Session): Hash {
  return asHash(hashTagged(TAGS.SYSTEM, current.transactionId));
}

/** Asks every guard of the action, in the order of contracts. The first hold decides. */
export function askGuards(session: Session, prepared: Prepared, actor: Actor): Hold | undefined {
  const { action, frame } = prepared;
  if (!action.manifest.guarded || frame.mode === 'released') return undefined;
  const { contract, name } = action.manifest;
  const call = guardedCall(session, prepared, actor);
  for (const { fullName, owner, guard } of session.guardsOf(action.fullName)) {
    const face = guardContext(owner);
    const verdict = shielded(owner.linked.name, () => guard.judge(face, call));
    if (verdict.verdict === 'pass') continue;
    const { rule, records } = verdict;
    if (verdict.verdict === 'hold') {
      const daysMax = guard.release.days;
      const days = Math.min(verdict.days ?? daysMax, daysMax);
      return { guard: fullName, rule, records, days };
    }
    const facts = { contract, action: name, guard: fullName, rule, cites: records };
    session.contract('ledger')?.writing().emit('alerted', facts);
  }
  return undefined;
}

/** Tells every guard of the action that the call took effect. */
export function tellGuards(session: Session, prepared: Prepared, actor: Actor): void {
  const { action } = prepared;
  if (!action.manifest.guarded) return;
  const call = guardedCall(session, prepared, actor);
  for (const { owner, guard } of session.guardsOf(action.fullName)) {
    const face = guardContext(owner);
    shielded(owner.linked.name, () => guard.observe?.(face, call));
  }
}

/** Tells the guard that held a call how it ended. */
export function tellEnded(
  session: Session,
  fullName: string,
  { call, how }: { readonly call: Uint8Array; readonly how: HoldEnd },
): void {
  const found = session.guard(fullName);
  if (found === undefined) return;
  const { owner, guard } = found;
  shielded(owner.linked.name, () => guard.ended?.(guardContext(owner), call, how));
}

function guardedCall(
  session: Session,
  { action, input, frame }: Prepared,
  actor: Actor,
): GuardedCall {
  const { contract, name } = action.manifest;
  return { call: frame.stored ?? keyOfCall(session), contract, action: name, input, actor };
}

function guardContext(owner: ActiveContract): object {
  return { ...owner.writing(), contracts: owner.lookups() };
}
