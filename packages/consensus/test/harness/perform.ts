/** What a test node does about effects: the driver's half, with delays drawn by the world. */
import type { Decided, Hash, Header, Signed, Unsigned, VoteMessage } from '@daybook/core';
import {
  blockHash,
  equalBytes,
  hashTagged,
  justificationHash,
  TAGS,
  toHex,
  updateRotation,
  ZERO_HASH,
} from '@daybook/core';
import type { Build, CommitBlock, Effect, Schedule, SignRequest } from '../../src/index.ts';
import { guardedAppend, headOf } from './disk.ts';
import { CHAIN, fakeSign } from './fake-keys.ts';
import type { Packet, TestNode } from './node.ts';
import type { World } from './world.ts';

/** The message of a request; undefined if the height was finalised while the request waited. */
function complete(node: TestNode, request: SignRequest): VoteMessage | undefined {
  const sender = node.validator;
  if (sender === undefined) throw new Error('I16: an observer was asked to sign');
  const signedBy = <Content extends Unsigned>(content: Content): Signed<Content> => {
    return { content, sender, signature: fakeSign(sender, content) };
  };
  switch (request.type) {
    case 'pre-prepare': {
      const { height, round, blockHash: hash, justification } = request;
      const header = node.blocks.get(toHex(hash));
      if (header === undefined) return undefined;
      const just = justificationHash(justification);
      const slot = { type: 'pre-prepare', height, round } as const;
      const signed = signedBy({ ...slot, blockHash: hash, justificationHash: just });
      const bare = { signed, header, transactionHashes: [], inlined: [] };
      return { type: 'pre-prepare', ...bare, ...(justification && { justification }) };
    }
    case 'prepare':
      return { type: 'prepare', signed: signedBy(request.content) };
    case 'commit':
      return { type: 'commit', signed: signedBy(request.content) };
    case 'round-change': {
      const { content, certificate } = request;
      const signed = signedBy(content);
      return { type: 'round-change', signed, ...(certificate && { certificate }) };
    }
  }
}

/** Passes the guard and is durable, or is refused. */
function grant(world: World, node: TestNode, request: SignRequest): void {
  const message = complete(node, request);
  if (message === undefined) return;
  const durable = guardedAppend(node.disk, message, request);
  if (durable !== undefined) world.noteSigned(node, durable);
  if (!node.up) return;
  if (durable !== undefined) {
    node.feed({ type: 'signed', message: durable });
    return;
  }
  const { type, height, round } = message.signed.content;
  node.feed({ type: 'refused', slot: { type, height, round }, reason: 'guard' });
}

/** One log, one writer: requests are granted in order, each after a sync. */
function sign(world: World, node: TestNode, request: SignRequest): void {
  node.signedAtMs = Math.max(node.signedAtMs, world.nowMs) + world.diskMs();
  const { life } = node;
  world.at(node.signedAtMs, () => {
    if (node.life !== life) return;
    // After a crash the record may have reached the disk nevertheless.
    if (node.up || world.prng.percent(50)) grant(world, node, request);
  });
}

function build(world: World, node: TestNode, { height, round, timestampMs }: Build): void {
  const head = headOf(node.disk).block;
  const names = [...node.pool].sort();
  const proposer = world.validators[node.validator ?? -1]?.id;
  if (proposer === undefined) throw new Error('I16: an observer was asked to build');
  const text = new Uint8Array(names.flatMap((item) => [...item].map((c) => c.charCodeAt(0))));
  const header: Header = {
    version: 1,
    chain: CHAIN,
    height,
    parentHash: head.hash,
    timestampMs,
    proposer,
    txRoot: names.length === 0 ? ZERO_HASH : hashTagged(TAGS.TXBODY, text),
    stateRoot: ZERO_HASH,
    resultRoot: ZERO_HASH,
    historyRoot: ZERO_HASH,
    validatorsHash: ZERO_HASH,
    nextValidatorsHash: ZERO_HASH,
  };
  const hash = blockHash(header);
  world.bodies.set(toHex(hash), names);
  node.later(world.workMs(), () => {
    if (headOf(node.disk).block.header.height !== height - 1) return;
    node.blocks.set(toHex(hash), header);
    node.feed({ type: 'built', height, round, block: { hash, header } });
  });
}

function judge(world: World, node: TestNode, hash: Hash): void {
  node.later(world.workMs(), () => {
    const header = node.blocks.get(toHex(hash));
    if (header === undefined) return;
    const head = headOf(node.disk).block;
    const valid =
      equalBytes(header.parentHash, head.hash) &&
      header.height === head.header.height + 1 &&
      header.timestampMs > head.header.timestampMs;
    const reason = { code: 'TEST_INVALID' };
    const verdict = valid ? ({ valid } as const) : ({ valid: false, reason } as const);
    node.feed({ type: 'judged', hash, verdict });
  });
}

function finalise(world: World, node: TestNode, effect: CommitBlock): void {
  const header = node.blocks.get(toHex(effect.blockHash));
  if (header === undefined) throw new Error('a committed block is held');
  node.later(world.diskMs(), () => {
    const context = node.state.current?.context;
    if (context === undefined) throw new Error('a block is committed at a height');
    const { epochBlocks } = context.parameters;
    const rotation = updateRotation({ ...context, epochBlocks }, header.proposer);
    const block = { hash: effect.blockHash, header };
    node.disk.chain.push({ block, certificate: effect.certificate, rotation });
    node.disk.candidates.clear();
    // Not those of the next height: a proposal that came early waits inside the machine.
    for (const [hex, old] of node.blocks) {
      if (old.height <= header.height) node.blocks.delete(hex);
    }
    world.noteFinal(node, block, effect.round);
    for (const done of world.bodies.get(toHex(block.hash)) ?? []) node.pool.delete(done);
    node.feed({ type: 'work', pending: node.pool.size > 0 });
    node.enterHeight(rotation);
  });
}

function setTimer(world: World, node: TestNode, { timer, atMonoMs }: Schedule): void {
  node.timers.set(timer, atMonoMs);
  node.later(Math.max(0, atMonoMs - world.nowMs), () => {
    if (node.timers.get(timer) !== atMonoMs) return;
    node.timers.delete(timer);
    node.feed({ type: 'timer', timer });
  });
}

/** The DECIDED of a final height, from the chain on disk. */
export function decidedAt(node: TestNode, height: number): Decided | undefined {
  const entry = node.disk.chain[height];
  if (entry?.certificate === undefined) return undefined;
  return { type: 'decided', header: entry.block.header, certificate: entry.certificate };
}

/** Asks a peer for the block after the own head. */
export function askForBlock(world: World, node: TestNode, peer: number): void {
  const height = headOf(node.disk).block.header.height + 1;
  world.send(node, peer, { type: 'sync-request', height });
}

/** Effects that only send something. */
function transmit(world: World, node: TestNode, effect: Effect): void {
  const sendTo = (to: readonly number[], packet: Packet): void => {
    for (const index of to) world.send(node, index, packet);
  };
  if (effect.type === 'send') {
    sendTo(effect.to === 'validators' ? world.indices : effect.to, effect.message);
  }
  if (effect.type === 'send-status') sendTo(world.indices, effect.status);
  if (effect.type === 'fetch') sendTo(effect.from, { type: 'get-block', hash: effect.hash });
  if (effect.type === 'help') {
    const decided = decidedAt(node, effect.height);
    if (decided !== undefined) sendTo([Number(effect.peer)], decided);
  }
  if (effect.type === 'sync' && effect.peer !== undefined) {
    askForBlock(world, node, Number(effect.peer));
  }
  if (effect.type === 'hand-over' && node.pool.size > 0) {
    sendTo([effect.to], { type: 'transactions', names: [...node.pool] });
  }
}

export function perform(world: World, node: TestNode, effect: Effect): void {
  switch (effect.type) {
    case 'sign':
      sign(world, node, effect.request);
      break;
    case 'schedule':
      setTimer(world, node, effect);
      break;
    case 'cancel':
      node.timers.delete(effect.timer);
      break;
    case 'build':
      build(world, node, effect);
      break;
    case 'judge':
      judge(world, node, effect.hash);
      break;
    case 'store': {
      const header = node.blocks.get(toHex(effect.hash));
      if (header !== undefined) node.disk.candidates.set(toHex(effect.hash), header);
      break;
    }
    case 'release':
      for (const hash of effect.hashes) node.blocks.delete(toHex(hash));
      break;
    case 'commit':
      finalise(world, node, effect);
      break;
    case 'report':
      world.evidence.push(effect.evidence);
      break;
    case 'fatal':
      world.fatals.push({ node: node.name, failure: effect.failure });
      node.stop();
      break;
    default:
      transmit(world, node, effect);
  }
}
