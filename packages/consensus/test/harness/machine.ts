/**
 * One machine under test, and the messages of its fellow validators. Wall time is 1,000,000 ahead.
 */
import type {
  Certificate,
  Commit,
  Decided,
  Hash,
  Header,
  Justification,
  PrePrepare,
  Prepare,
  PreparedRef,
  RoundChange,
  Status,
  VoteMessage,
} from '@daybook/core';
import {
  asHash,
  blockHash,
  DEFAULT_PARAMETERS,
  freshRotation,
  justificationHash,
  proposerOf,
  quorumOf,
  ZERO_HASH,
} from '@daybook/core';
import type { BlockRef, Effect, HeightContext, State, StateOptions } from '../../src/index.ts';
import { brokenInvariants, createState, step } from '../../src/index.ts';
import { CHAIN, fakeSign, fakeValidators } from './fake-keys.ts';
import type { Happening } from './node.ts';

export const WALL_MS = 1_000_000;
export const PARENT: Hash = asHash(new Uint8Array(32).fill(0x77));
export const PARENT_MS = 900_000;

export interface ContextOptions {
  readonly count?: number;
  readonly self?: number | undefined;
  readonly height?: number;
  readonly parameters?: Partial<HeightContext['parameters']>;
}

export function contextOf(options: ContextOptions = {}): HeightContext {
  const { count = 4, height = 1, parameters = {} } = options;
  const validators = fakeValidators(count);
  const self = 'self' in options ? options.self : 2;
  return {
    chain: CHAIN,
    height,
    validators,
    parent: { hash: PARENT, timestampMs: PARENT_MS },
    rotation: freshRotation(validators),
    parameters: { ...DEFAULT_PARAMETERS, ...parameters },
    ...(self !== undefined && { selfIndex: self }),
  };
}

export function proposerFor(context: HeightContext, round: number): number {
  const { chain, height, validators, rotation, parameters } = context;
  return proposerOf(
    { chain, height, validators, rotation, epochBlocks: parameters.epochBlocks },
    round,
  );
}

/** A block of the context's height; `salt` tells blocks apart. */
export function blockBy(
  context: HeightContext,
  proposer: number,
  { salt = 0, timestampMs = WALL_MS }: { salt?: number; timestampMs?: number } = {},
): BlockRef {
  const id = context.validators[proposer]?.id;
  if (id === undefined) throw new Error('a proposer of the set');
  const header: Header = {
    version: 1,
    chain: CHAIN,
    height: context.height,
    parentHash: context.parent.hash,
    timestampMs,
    proposer: id,
    txRoot: asHash(new Uint8Array(32).fill(salt)),
    stateRoot: ZERO_HASH,
    resultRoot: ZERO_HASH,
    historyRoot: ZERO_HASH,
    validatorsHash: ZERO_HASH,
    nextValidatorsHash: ZERO_HASH,
  };
  return { hash: blockHash(header), header };
}

interface At {
  readonly height?: number;
  readonly round?: number;
}

export function prepareBy(sender: number, hash: Hash, { height = 1, round = 0 }: At = {}): Prepare {
  const content = { type: 'prepare', height, round, blockHash: hash } as const;
  return { type: 'prepare', signed: { content, sender, signature: fakeSign(sender, content) } };
}

export function commitBy(sender: number, hash: Hash, { height = 1, round = 0 }: At = {}): Commit {
  const content = { type: 'commit', height, round, blockHash: hash } as const;
  return { type: 'commit', signed: { content, sender, signature: fakeSign(sender, content) } };
}

export function certificateBy(
  kind: 'prepare' | 'commit',
  signers: readonly number[],
  block: Hash,
  { height = 1, round = 0, count = 4 }: At & { readonly count?: number } = {},
): Certificate {
  const content = { type: kind, height, round, blockHash: block };
  const signatures = signers.map((signer) => fakeSign(signer, content));
  return { kind, height, round, blockHash: block, validatorCount: count, signers, signatures };
}

/** Prepared by the first Q validators if `prepared` is given. */
export function roundChangeBy(
  sender: number,
  round: number,
  { prepared, height = 1, count = 4 }: At & { prepared?: PreparedRef; count?: number } = {},
): RoundChange {
  const content = { type: 'round-change', height, round, ...(prepared && { prepared }) } as const;
  const signed = { content, sender, signature: fakeSign(sender, content) };
  if (prepared === undefined) return { type: 'round-change', signed };
  const signers = Array.from({ length: quorumOf(count).quorum }, (_, index) => index);
  const at = { height, round: prepared.round, count };
  const certificate = certificateBy('prepare', signers, prepared.blockHash, at);
  return { type: 'round-change', signed, certificate };
}

export function justificationOf(votes: readonly RoundChange[]): Justification {
  const highest = votes
    .filter(({ certificate }) => certificate !== undefined)
    .sort((a, b) => (b.certificate?.round ?? 0) - (a.certificate?.round ?? 0))[0]?.certificate;
  const entries = votes.map(({ signed: { content, sender, signature } }) => ({
    sender,
    signature,
    ...(content.prepared && { prepared: content.prepared }),
  }));
  return { entries, ...(highest && { certificate: highest }) };
}

export function proposalBy(
  sender: number,
  block: BlockRef,
  { round = 0, justification }: { round?: number; justification?: Justification } = {},
): PrePrepare {
  const content = {
    type: 'pre-prepare',
    height: block.header.height,
    round,
    blockHash: block.hash,
    justificationHash: justificationHash(justification),
  } as const;
  return {
    type: 'pre-prepare',
    signed: { content, sender, signature: fakeSign(sender, content) },
    header: block.header,
    transactionHashes: [],
    inlined: [],
    ...(justification && { justification }),
  };
}

export function decidedBy(
  signers: readonly number[],
  block: BlockRef,
  at: At & { readonly count?: number } = {},
): Decided {
  const place = { height: block.header.height, ...at };
  return {
    type: 'decided',
    header: block.header,
    certificate: certificateBy('commit', signers, block.hash, place),
  };
}

export function statusOf(fields: Partial<Status> = {}): Status {
  const none = new Uint8Array(1);
  return {
    type: 'status',
    height: 1,
    round: 0,
    headHash: PARENT,
    wallMs: WALL_MS,
    links: new Uint8Array([255]),
    held: { prePrepare: none, prepare: none, commit: none, roundChange: none },
    ...fields,
  };
}

/** Freezes everything reachable, so that a step that changes its input throws. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) deepFreeze(part);
  return value;
}

export interface Machine {
  state: State;
  monoMs: number;
  /** Offset of the wall clock from `WALL_MS + monoMs`. */
  wallShiftMs: number;
  feed(happening: Happening): readonly Effect[];
  propose(message: PrePrepare, sound?: boolean): readonly Effect[];
  vote(message: Exclude<VoteMessage, PrePrepare>): readonly Effect[];
  judge(hash: Hash, valid?: boolean): readonly Effect[];
  /** Signs every request among the effects and feeds the answers; returns what they caused. */
  grant(effects: readonly Effect[]): readonly Effect[];
  /** Moves time on, then fires the timer. */
  fire(timer: Extract<Happening, { type: 'timer' }>['timer'], afterMs: number): readonly Effect[];
}

/** The message that a signer would return for a request of this machine. */
function signRequest(
  self: number,
  effect: Extract<Effect, { type: 'sign' }>,
  blocks: ReadonlyMap<string, Header>,
): VoteMessage {
  const { request } = effect;
  if (request.type === 'pre-prepare') {
    const header = blocks.get(request.blockHash.join());
    if (header === undefined) throw new Error('a proposed block was built or received');
    const { round, justification } = request;
    const options = { round, ...(justification && { justification }) };
    return proposalBy(self, { hash: request.blockHash, header }, options);
  }
  const { content } = request;
  const signature = fakeSign(self, content);
  if (request.type === 'round-change') {
    const { certificate } = request;
    const signed = { content: request.content, sender: self, signature };
    return { type: 'round-change', signed, ...(certificate && { certificate }) };
  }
  if (request.type === 'prepare') {
    return { type: 'prepare', signed: { content: request.content, sender: self, signature } };
  }
  return { type: 'commit', signed: { content: request.content, sender: self, signature } };
}

/** A machine that checks its invariants, its purity and its determinism at every step. */
export function createMachine(options: Partial<StateOptions> = {}): Machine {
  const blocks = new Map<string, Header>();
  const machine: Machine = {
    state: deepFreeze(createState({ seed: 7, ...options })),
    monoMs: 0,
    wallShiftMs: 0,
    feed(happening) {
      const wallMs = WALL_MS + machine.monoMs + machine.wallShiftMs;
      const event = deepFreeze({ ...happening, monoMs: machine.monoMs, wallMs });
      if (event.type === 'proposal') {
        blocks.set(event.message.signed.content.blockHash.join(), event.message.header);
      }
      if (event.type === 'built' || event.type === 'block') {
        blocks.set(event.block.hash.join(), event.block.header);
      }
      const { state, effects } = step(machine.state, event);
      const broken = brokenInvariants(machine.state, state);
      if (broken.length > 0) throw new Error(broken.join('; '));
      machine.state = deepFreeze(state);
      return effects;
    },
    propose(message, sound = true) {
      const receivedWallMs = WALL_MS + machine.monoMs + machine.wallShiftMs;
      return machine.feed({ type: 'proposal', message, receivedWallMs, sound });
    },
    vote: (message) => machine.feed({ type: 'vote', message }),
    judge(hash, valid = true) {
      const reason = { code: 'TEST_INVALID' };
      const verdict = valid ? ({ valid } as const) : ({ valid: false, reason } as const);
      return machine.feed({ type: 'judged', hash, verdict });
    },
    grant(effects) {
      const self = machine.state.current?.context.selfIndex ?? 0;
      return effects.flatMap((effect) => {
        if (effect.type !== 'sign') return [];
        const message = signRequest(self, effect, blocks);
        return machine.feed({ type: 'signed', message });
      });
    },
    fire(timer, afterMs) {
      machine.monoMs += afterMs;
      return machine.feed({ type: 'timer', timer });
    },
  };
  return machine;
}

/** A machine that has entered height 1. */
export function startedMachine(
  options: ContextOptions = {},
  stateOptions: Partial<StateOptions> = {},
): { readonly machine: Machine; readonly context: HeightContext } {
  const machine = createMachine(stateOptions);
  const context = contextOf(options);
  machine.feed({ type: 'height-entered', context });
  return { machine, context };
}

export function typesOf(effects: readonly Effect[]): readonly string[] {
  return effects.map((effect) => effect.type);
}

export function only<Type extends Effect['type']>(
  effects: readonly Effect[],
  type: Type,
): readonly Extract<Effect, { type: Type }>[] {
  return effects.filter(
    (effect): effect is Extract<Effect, { type: Type }> => effect.type === type,
  );
}
