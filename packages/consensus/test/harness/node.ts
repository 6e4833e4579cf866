/**
 * One test node: the machine with a small driver around it. It verifies before it hands over, signs
 * behind a guard, judges, builds, fetches and finalises, all with delays drawn by the world.
 */
import type {
  Decided,
  Hash,
  Header,
  PrePrepare,
  Rotation,
  Round,
  RoundChange,
  Status,
  Unsigned,
  VoteMessage,
} from '@daybook/core';
import {
  asHash,
  blockHash,
  DEFAULT_PARAMETERS,
  equalBytes,
  hashTagged,
  justificationHash,
  TAGS,
  toHex,
  updateRotation,
  ZERO_HASH,
} from '@daybook/core';
import type { Effect, Event, HeightContext, Instant, SignRequest, State } from '../../src/index.ts';
import { brokenInvariants, createState, step, triage } from '../../src/index.ts';
import type { Disk } from './disk.ts';
import { guardedAppend, headOf, loggedAt } from './disk.ts';
import { CHAIN, fakeSign, isSignedBy, isValidCertificate } from './fake-keys.ts';
import type { World } from './world.ts';

/** Everything that travels between test nodes. */
export type Packet =
  | VoteMessage
  | Decided
  | Status
  | { readonly type: 'get-block'; readonly hash: Hash }
  | { readonly type: 'block'; readonly header: Header }
  | { readonly type: 'sync-request'; readonly height: number }
  | { readonly type: 'transactions'; readonly names: readonly string[] };

/** An event without its clocks. */
export type Happening = Event extends infer One
  ? One extends Instant
    ? Omit<One, keyof Instant>
    : never
  : never;

export interface TestNode {
  /** Position among the world's nodes; twins share a validator but not this. */
  readonly name: number;
  readonly validator: number | undefined;
  readonly disk: Disk;
  /** Pending transactions, by name. */
  readonly pool: Set<string>;
  state: State;
  up: boolean;
  /** Counts restarts, so that what an earlier life started ends with it. */
  life: number;
  /** Offset of the wall clock from true time, in ms. */
  clockMs: number;
  /** The harness plays a second holder of the key: it does not look for strangers. */
  readonly twin: boolean;
  feed(happening: Happening): void;
  start(): void;
  stop(): void;
  receive(from: number, packet: Packet): void;
}

/** Marks a block that every honest node finds invalid. */
export const BAD_ROOT: Hash = asHash(new Uint8Array(32).fill(0xbb));

export interface NodeOptions {
  readonly name: number;
  readonly validator: number | undefined;
  readonly disk: Disk;
  readonly twin?: boolean;
}

function isVote(packet: Packet): packet is VoteMessage {
  return (
    packet.type === 'pre-prepare' ||
    packet.type === 'prepare' ||
    packet.type === 'commit' ||
    packet.type === 'round-change'
  );
}

export function createNode(world: World, options: NodeOptions): TestNode {
  const { name, validator, disk } = options;
  const blocks = new Map<string, Header>();
  const timers = new Map<string, number>();
  let signedAtMs = 0;

  const node: TestNode = {
    name,
    validator,
    disk,
    twin: options.twin ?? false,
    pool: new Set(),
    state: createState({ seed: name + 1 }),
    up: false,
    life: 0,
    clockMs: 0,
    feed,
    start,
    stop,
    receive,
  };
  return node;

  function instant(): Instant {
    return { monoMs: world.nowMs, wallMs: world.nowMs + world.epochMs + node.clockMs };
  }

  /** Runs later, unless the node has crashed or stopped by then. */
  function later(delayMs: number, action: () => void): void {
    const { life } = node;
    world.at(world.nowMs + delayMs, () => {
      if (node.up && node.life === life) action();
    });
  }

  function feed(happening: Happening): void {
    const before = node.state;
    const event = { ...instant(), ...happening } as Event;
    const { state, effects } = step(before, event);
    const broken = brokenInvariants(before, state);
    if (broken.length > 0) throw new Error(`n${name}: ${broken.join('; ')} after ${event.type}`);
    node.state = state;
    world.trace?.(node, event, effects);
    for (const effect of effects) perform(effect);
  }

  function contextAt(rotation: Rotation): HeightContext {
    const head = headOf(disk).block;
    const { timestampMs, height } = head.header;
    return {
      chain: CHAIN,
      height: height + 1,
      validators: world.validators,
      parent: { hash: head.hash, timestampMs },
      rotation,
      parameters: { ...DEFAULT_PARAMETERS, ...world.parameters },
      ...(validator !== undefined && { selfIndex: validator }),
    };
  }

  function start(): void {
    node.up = true;
    node.life += 1;
    blocks.clear();
    timers.clear();
    signedAtMs = world.nowMs;
    const { guard } = disk;
    const head = headOf(disk);
    const height = head.block.header.height + 1;
    node.state = createState({ seed: name + 1 + node.life * 100, ...(guard && { guard }) });
    feed({ type: 'links', validators: world.linksOf(node) });
    feed({ type: 'work', pending: node.pool.size > 0 });
    const messages = disk.log.filter(({ signed }) => signed.content.height === height);
    const lock = disk.lock?.height === height ? disk.lock : undefined;
    const named = [...disk.candidates].map(([hex, header]) => ({ hex, header }));
    const wanted = named.filter(({ hex, header }) => {
      const own = messages.some(
        ({ type, signed: { content } }) =>
          type === 'pre-prepare' && 'blockHash' in content && toHex(content.blockHash) === hex,
      );
      return header.height === height && (own || (lock && toHex(lock.blockHash) === hex));
    });
    for (const { hex, header } of wanted) blocks.set(hex, header);
    feed({
      type: 'height-entered',
      context: contextAt(head.rotation),
      recovered: {
        messages,
        ...(lock && { lock }),
        blocks: wanted.map(({ header }) => ({ hash: blockHash(header), header })),
      },
    });
  }

  function stop(): void {
    node.up = false;
  }

  function complete(request: SignRequest): VoteMessage | undefined {
    const sender = validator;
    if (sender === undefined) return undefined;
    const signedBy = <Content extends Unsigned>(content: Content) => ({
      content,
      sender,
      signature: fakeSign(sender, content),
    });
    switch (request.type) {
      case 'pre-prepare': {
        const { height, round, justification } = request;
        const header = blocks.get(toHex(request.blockHash));
        // The height was finalised, by others, while the request waited: nobody needs it any more.
        if (header === undefined) return undefined;
        const content = {
          type: 'pre-prepare',
          height,
          round,
          blockHash: request.blockHash,
          justificationHash: justificationHash(justification),
        } as const;
        const fixed = { header, transactionHashes: [], inlined: [] };
        const signed = signedBy(content);
        return { type: 'pre-prepare', signed, ...fixed, ...(justification && { justification }) };
      }
      case 'prepare':
        return { type: 'prepare', signed: signedBy(request.content) };
      case 'commit':
        return { type: 'commit', signed: signedBy(request.content) };
      case 'round-change': {
        const { content, certificate } = request;
        return {
          type: 'round-change',
          signed: signedBy(content),
          ...(certificate && { certificate }),
        };
      }
    }
  }

  function grant(request: SignRequest): void {
    const message = complete(request);
    if (message === undefined) return;
    const durable = guardedAppend(disk, message, request);
    if (durable === undefined) {
      const { type, height, round } = message.signed.content;
      feed({ type: 'refused', slot: { type, height, round }, reason: 'guard' });
      return;
    }
    world.noteSigned(node, durable);
    feed({ type: 'signed', message: durable });
  }

  /** One log, one writer: requests are granted in order, each after a sync. */
  function sign(request: SignRequest): void {
    signedAtMs = Math.max(signedAtMs, world.nowMs) + world.diskMs();
    const { life } = node;
    world.at(signedAtMs, () => {
      if (node.life !== life) return;
      if (node.up) {
        grant(request);
        return;
      }
      // Crashed before the answer: the record may have reached the disk nevertheless.
      const message = complete(request);
      if (message !== undefined && world.prng.percent(50)) {
        const durable = guardedAppend(disk, message, request);
        if (durable !== undefined) world.noteSigned(node, durable);
      }
    });
  }

  function build(height: number, round: Round, timestampMs: number): void {
    const head = headOf(disk).block;
    const names = [...node.pool].sort();
    const self = world.validators[validator ?? -1];
    if (self === undefined) throw new Error('an observer was asked to build');
    const text = new Uint8Array(names.flatMap((item) => [...item].map((c) => c.charCodeAt(0))));
    const header: Header = {
      version: 1,
      chain: CHAIN,
      height,
      parentHash: head.hash,
      timestampMs,
      proposer: self.id,
      txRoot: names.length === 0 ? ZERO_HASH : hashTagged(TAGS.TXBODY, text),
      stateRoot: ZERO_HASH,
      resultRoot: ZERO_HASH,
      historyRoot: ZERO_HASH,
      validatorsHash: ZERO_HASH,
      nextValidatorsHash: ZERO_HASH,
    };
    const hash = blockHash(header);
    world.bodies.set(toHex(hash), names);
    later(world.workMs(), () => {
      if (headOf(disk).block.header.height !== height - 1) return;
      blocks.set(toHex(hash), header);
      feed({ type: 'built', height, round, block: { hash, header } });
    });
  }

  function judge(hash: Hash): void {
    later(world.workMs(), () => {
      const header = blocks.get(toHex(hash));
      if (header === undefined) return;
      const head = headOf(disk).block;
      const valid =
        !equalBytes(header.resultRoot, BAD_ROOT) &&
        equalBytes(header.parentHash, head.hash) &&
        header.height === head.header.height + 1 &&
        header.timestampMs > head.header.timestampMs;
      const verdict = valid
        ? ({ valid: true } as const)
        : ({ valid: false, reason: { code: 'TEST_INVALID' } } as const);
      feed({ type: 'judged', hash, verdict });
    });
  }

  function finalise(effect: Extract<Effect, { type: 'commit' }>): void {
    const header = blocks.get(toHex(effect.blockHash));
    if (header === undefined) throw new Error('a committed block is held');
    later(world.diskMs(), () => {
      const { rotation } = headOf(disk);
      const before = {
        chain: CHAIN,
        height: header.height,
        epochBlocks: contextAt(rotation).parameters.epochBlocks,
        validators: world.validators,
        rotation,
      };
      const block = { hash: effect.blockHash, header };
      const after = updateRotation(before, header.proposer);
      disk.chain.push({ block, certificate: effect.certificate, rotation: after });
      disk.candidates.clear();
      // Not those of the next height: a proposal that came early waits inside the machine.
      for (const [hex, old] of blocks) if (old.height <= header.height) blocks.delete(hex);
      world.noteFinal(node, block, effect.round);
      for (const done of world.bodies.get(toHex(block.hash)) ?? []) node.pool.delete(done);
      feed({ type: 'work', pending: node.pool.size > 0 });
      feed({ type: 'height-entered', context: contextAt(after) });
    });
  }

  function decidedAt(height: number): Decided | undefined {
    const entry = disk.chain[height];
    if (entry?.certificate === undefined) return undefined;
    return { type: 'decided', header: entry.block.header, certificate: entry.certificate };
  }

  function sendTo(to: readonly number[], packet: Packet): void {
    for (const index of to) world.send(node, index, packet);
  }

  function setTimer(timer: Extract<Effect, { type: 'schedule' }>): void {
    timers.set(timer.timer, timer.atMonoMs);
    later(Math.max(0, timer.atMonoMs - world.nowMs), () => {
      if (timers.get(timer.timer) !== timer.atMonoMs) return;
      timers.delete(timer.timer);
      feed({ type: 'timer', timer: timer.timer });
    });
  }

  function perform(effect: Effect): void {
    if (!node.up) return;
    switch (effect.type) {
      case 'sign':
        sign(effect.request);
        return;
      case 'send':
        sendTo(effect.to === 'validators' ? world.indices : effect.to, effect.message);
        return;
      case 'send-status':
        sendTo(world.indices, effect.status);
        return;
      case 'schedule':
        setTimer(effect);
        return;
      case 'cancel':
        timers.delete(effect.timer);
        return;
      case 'build':
        build(effect.height, effect.round, effect.timestampMs);
        return;
      case 'judge':
        judge(effect.hash);
        return;
      case 'store': {
        const header = blocks.get(toHex(effect.hash));
        if (header !== undefined) disk.candidates.set(toHex(effect.hash), header);
        return;
      }
      case 'fetch':
        sendTo(effect.from, { type: 'get-block', hash: effect.hash });
        return;
      case 'release':
        for (const hash of effect.hashes) blocks.delete(toHex(hash));
        return;
      case 'commit':
        finalise(effect);
        return;
      case 'help': {
        const decided = decidedAt(effect.height);
        if (decided !== undefined) world.send(node, Number(effect.peer), decided);
        return;
      }
      case 'sync':
        if (effect.peer !== undefined) askForBlocks(Number(effect.peer));
        return;
      case 'hand-over':
        if (node.pool.size > 0)
          sendTo([effect.to], { type: 'transactions', names: [...node.pool] });
        return;
      case 'report':
        world.evidence.push(effect.evidence);
        return;
      case 'notice':
        return;
      case 'fatal':
        world.noteFatal(node, effect.failure);
        node.up = false;
        return;
    }
  }

  function askForBlocks(peer: number): void {
    world.send(node, peer, { type: 'sync-request', height: headOf(disk).block.header.height + 1 });
  }

  function isSound({ signed, justification }: PrePrepare): boolean {
    const { height, round } = signed.content;
    const { entries = [], certificate } = justification ?? {};
    const count = world.validators.length;
    if (certificate !== undefined && !isValidCertificate(certificate, count)) return false;
    return entries.every(({ sender, prepared, signature }) => {
      const content = {
        type: 'round-change',
        height,
        round,
        ...(prepared && { prepared }),
      } as const;
      return isSignedBy(sender, content, signature);
    });
  }

  function isCertified({ signed, certificate }: RoundChange): boolean {
    const { prepared, height } = signed.content;
    if (prepared === undefined || certificate === undefined) return prepared === certificate;
    return (
      certificate.kind === 'prepare' &&
      certificate.height === height &&
      certificate.round === prepared.round &&
      equalBytes(certificate.blockHash, prepared.blockHash) &&
      isValidCertificate(certificate, world.validators.length)
    );
  }

  function receiveVote(from: number, message: VoteMessage): void {
    const { content, sender, signature } = message.signed;
    const answer = triage(node.state, message);
    if (answer === 'unwanted') return;
    if (answer === 'ahead') {
      askForBlocks(from);
      return;
    }
    if (answer !== 'held' && !isSignedBy(sender, content, signature)) return;
    if (answer === 'own') {
      if (!node.twin && loggedAt(disk, message) === undefined) feed({ type: 'stranger', message });
      return;
    }
    if (message.type === 'pre-prepare') {
      const { header, signed, justification } = message;
      if (!equalBytes(blockHash(header), signed.content.blockHash)) return;
      if (!equalBytes(justificationHash(justification), signed.content.justificationHash)) return;
      blocks.set(toHex(signed.content.blockHash), header);
      const receivedWallMs = instant().wallMs;
      feed({ type: 'proposal', message, receivedWallMs, sound: isSound(message) });
      return;
    }
    if (message.type === 'round-change' && !isCertified(message)) return;
    feed({ type: 'vote', message });
  }

  function receiveDecided(from: number, message: Decided): void {
    const hash = blockHash(message.header);
    const { height } = message.header;
    const { certificate } = message;
    const proven =
      certificate.kind === 'commit' &&
      certificate.height === height &&
      equalBytes(certificate.blockHash, hash) &&
      isValidCertificate(certificate, world.validators.length);
    const next = headOf(disk).block.header.height + 1;
    if (!proven || height < next - 1) return;
    if (height > next) {
      askForBlocks(from);
      return;
    }
    if (height === next) blocks.set(toHex(hash), message.header);
    feed({ type: 'decided', message, blockHash: hash, bodyHeld: true, from });
  }

  function receive(from: number, packet: Packet): void {
    if (!node.up) return;
    if (isVote(packet)) {
      receiveVote(from, packet);
      return;
    }
    switch (packet.type) {
      case 'decided':
        receiveDecided(from, packet);
        return;
      case 'status': {
        const peer = world.nodes[from]?.validator;
        const known = peer !== undefined && { validator: peer };
        feed({ type: 'status', peer: String(from), status: packet, ...known });
        return;
      }
      case 'get-block': {
        const hex = toHex(packet.hash);
        const final = disk.chain.find(({ block }) => equalBytes(block.hash, packet.hash));
        const header = blocks.get(hex) ?? disk.candidates.get(hex) ?? final?.block.header;
        if (header !== undefined) world.send(node, from, { type: 'block', header });
        return;
      }
      case 'block': {
        const hash = blockHash(packet.header);
        blocks.set(toHex(hash), packet.header);
        feed({ type: 'block', block: { hash, header: packet.header } });
        return;
      }
      case 'sync-request': {
        const decided = decidedAt(packet.height);
        if (decided !== undefined) world.send(node, from, decided);
        return;
      }
      case 'transactions': {
        for (const item of packet.names) if (!world.isFinal(node, item)) node.pool.add(item);
        feed({ type: 'work', pending: node.pool.size > 0 });
        return;
      }
    }
  }
}
