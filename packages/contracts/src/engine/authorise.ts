/**
 * Who may act: keys become identities through the contract that provides the authority (the
 * directory), and identities are judged by role, organisation and scope at the time of execution.
 */
import type { Actor, Agreement, Approver } from '../language/context.ts';
import type { Values } from '../language/definition.ts';
import type { ManifestApprovals, ManifestBy } from '../manifest/manifest.ts';
import { didKeyOf } from './did-key.ts';
import type { LinkedAction } from './link.ts';
import type { Session } from './session.ts';
import type { Refused } from './signals.ts';
import { refusedBy } from './signals.ts';

/** One signer as the transaction names it. */
export interface SignerClaim {
  readonly publicKey: Uint8Array;
  readonly identity?: string | undefined;
}

/** Who the signers are, or why one of them is nobody. */
export function identifyAll(
  session: Session,
  signers: readonly SignerClaim[],
): readonly Actor[] | Refused {
  const actors: Actor[] = [];
  for (const signer of signers) {
    const identified = identify(session, signer);
    if ('receipt' in identified) return identified;
    actors.push(identified);
  }
  return actors;
}

/** Who a signer is. An unknown key without a claim is an actor of no organisation. */
export function identify(session: Session, { publicKey, identity }: SignerClaim): Actor | Refused {
  const { authority } = session;
  const facts = { identity: identity ?? didKeyOf(publicKey) };
  if (authority === undefined) {
    if (identity !== undefined) return refusedBy('CONTRACTS_KEY_UNKNOWN', facts);
    return { identity: didKeyOf(publicKey), organisation: undefined, publicKey };
  }
  const identified = authority.part.identify(authority.face, publicKey, identity);
  return 'actor' in identified ? identified.actor : refusedBy(identified.refused, facts);
}

/** The actors who hold a role, each identity once. */
export function holdersOf(
  session: Session,
  actors: readonly Actor[],
  wanted: {
    readonly role: string;
    readonly organisation?: string | undefined;
    readonly scope?: string | undefined;
  },
): readonly Actor[] {
  const { authority } = session;
  if (authority === undefined) return [];
  const { role, organisation, scope } = wanted;
  const holders = actors.filter(
    (actor) =>
      actor.organisation !== undefined &&
      (organisation === undefined || actor.organisation === organisation) &&
      authority.part.holds(authority.face, actor, { role, scope }),
  );
  return eachOnce(holders);
}

/** What `by` asks of an input, resolved. */
export interface Demand {
  readonly by: ManifestBy;
  readonly organisation: string | undefined;
  readonly scope: string | undefined;
}

export function demandOf({ manifest }: LinkedAction, input: Values): Demand {
  const { by } = manifest;
  const named = (field: string | undefined): string | undefined =>
    field === undefined ? undefined : String(input[field]);
  if (typeof by === 'string') return { by, organisation: undefined, scope: undefined };
  return { by, organisation: named(by.organisation), scope: named(by.scope) };
}

/** The actors entitled by `by` alone, each identity once. */
export function entitledBy(
  session: Session,
  actors: readonly Actor[],
  { by, organisation, scope }: Demand,
): readonly Actor[] {
  switch (by) {
    case 'anyone':
    case 'contract':
    case 'governance':
      return actors;
    case 'officer':
      return eachOnce(actors.filter((actor) => actor.organisation !== undefined));
    default:
      return holdersOf(session, actors, { role: by.role, organisation, scope });
  }
}

/**
 * Whether those who agree suffice: one entitled to begin, and enough others with the role of those
 * who join, together of enough organisations. A second one who may begin joins nobody by that alone.
 */
export function judgeAgreement(
  session: Session,
  actors: readonly Actor[],
  demand: Demand,
  approvals: ManifestApprovals,
): { readonly agreed: readonly Actor[]; readonly isEnough: boolean } {
  const entitled = entitledBy(session, actors, demand);
  const joining = holdersOf(session, actors, { role: approvals.role, scope: demand.scope });
  const agreed = eachOnce([...entitled, ...joining]);
  const isEnough = entitled.some((first) => {
    const others = joining.filter(({ identity }) => identity !== first.identity);
    return suffice([first, ...others], approvals);
  });
  return { agreed, isEnough };
}

/** Whether these officers are as many, of as many organisations, as asked for. */
export function suffice(
  agreed: readonly Actor[],
  { officers, organisations }: ManifestApprovals,
): boolean {
  const from = new Set(agreed.map(({ organisation }) => organisation));
  return agreed.length >= officers && from.size >= organisations;
}

/** Approvers as they stand at this moment; those who are nobody any more are left out. */
export function presentActors(session: Session, approvers: readonly Approver[]): readonly Actor[] {
  return approvers.flatMap(({ identity, publicKey }) => {
    const actor = identify(session, { publicKey, identity });
    return 'receipt' in actor ? [] : [actor];
  });
}

/** Actors as the approvers that a record keeps. */
export function approversOf(actors: readonly Actor[]): readonly Approver[] {
  return actors.flatMap(({ identity, publicKey }) =>
    publicKey === undefined ? [] : [{ identity, publicKey }],
  );
}

export function agreementOf(agreed: readonly Actor[], isEnough: boolean): Agreement {
  return { counted: approversOf(agreed), isEnough };
}

/** What a refusal says was needed. */
export function demandText({ by, organisation, scope }: Demand): string {
  if (by === 'officer') return 'an active officer of an active organisation';
  if (by === 'anyone') return 'any signature';
  if (by === 'governance') return 'a proposal that the members adopted';
  if (by === 'contract') return 'a call by another contract';
  const of = organisation === undefined ? '' : ` of ${organisation}`;
  return `the role ${by.role}${of}${scope === undefined ? '' : ` for ${scope}`}`;
}

/** What a refusal says was needed where several must agree. @param first  who may begin */
export function agreementText(
  { officers, organisations, role }: ManifestApprovals,
  first: string,
): string {
  const others = officers === 2 ? 'one other' : `${officers - 1} others`;
  const of = organisations === 1 ? '' : `, of ${organisations} organisations together`;
  return `one with ${first}, and ${others} with the role ${role}${of}`;
}

function eachOnce(actors: readonly Actor[]): readonly Actor[] {
  if (actors.length < 2) return actors;
  return actors.filter(
    ({ identity }, index) => actors.findIndex((other) => other.identity === identity) === index,
  );
}
