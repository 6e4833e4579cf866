/** What a test node makes of packets: ask the machine, verify, then hand over. */
import type { Decided, PrePrepare, RoundChange, VoteMessage } from '@daybook/core';
import { blockHash, equalBytes, justificationHash, toHex } from '@daybook/core';
import { triage } from '../../src/index.ts';
import { headOf, loggedAt } from './disk.ts';
import { isSignedBy, isValidCertificate } from './fake-keys.ts';
import type { Packet, TestNode } from './node.ts';
import { askForBlock, decidedAt } from './perform.ts';
import type { World } from './world.ts';

function isVote(packet: Packet): packet is VoteMessage {
  return (
    packet.type === 'pre-prepare' ||
    packet.type === 'prepare' ||
    packet.type === 'commit' ||
    packet.type === 'round-change'
  );
}

function isSound({ signed, justification }: PrePrepare, count: number): boolean {
  const { height, round } = signed.content;
  const { entries = [], certificate } = justification ?? {};
  if (certificate !== undefined && !isValidCertificate(certificate, count)) return false;
  return entries.every(({ sender, prepared, signature }) => {
    const content = { type: 'round-change', height, round, ...(prepared && { prepared }) } as const;
    return isSignedBy(sender, content, signature);
  });
}

function isCertified({ signed, certificate }: RoundChange, count: number): boolean {
  const { prepared, height } = signed.content;
  if (prepared === undefined || certificate === undefined) return prepared === certificate;
  return (
    certificate.kind === 'prepare' &&
    certificate.height === height &&
    certificate.round === prepared.round &&
    equalBytes(certificate.blockHash, prepared.blockHash) &&
    isValidCertificate(certificate, count)
  );
}

function receiveProposal(world: World, node: TestNode, message: PrePrepare): void {
  const { header, signed, justification } = message;
  const { blockHash: hash, justificationHash: bound } = signed.content;
  if (!equalBytes(blockHash(header), hash)) return;
  if (!equalBytes(justificationHash(justification), bound)) return;
  node.blocks.set(toHex(hash), header);
  const receivedWallMs = node.instant().wallMs;
  const sound = isSound(message, world.validators.length);
  node.feed({ type: 'proposal', message, receivedWallMs, sound });
}

function receiveVote(world: World, node: TestNode, from: number, message: VoteMessage): void {
  const { content, sender, signature } = message.signed;
  const answer = triage(node.state, message);
  if (answer === 'unwanted') return;
  if (answer === 'ahead') {
    askForBlock(world, node, from);
    return;
  }
  if (answer !== 'held' && !isSignedBy(sender, content, signature)) return;
  if (answer === 'own') {
    const isStranger = !node.twin && loggedAt(node.disk, message) === undefined;
    if (isStranger) node.feed({ type: 'stranger', message });
    return;
  }
  if (message.type === 'pre-prepare') {
    receiveProposal(world, node, message);
    return;
  }
  if (message.type === 'round-change' && !isCertified(message, world.validators.length)) return;
  node.feed({ type: 'vote', message });
}

function receiveDecided(world: World, node: TestNode, from: number, message: Decided): void {
  const { certificate, header } = message;
  const hash = blockHash(header);
  const proven =
    certificate.kind === 'commit' &&
    certificate.height === header.height &&
    equalBytes(certificate.blockHash, hash) &&
    isValidCertificate(certificate, world.validators.length);
  const next = headOf(node.disk).block.header.height + 1;
  if (!proven || header.height < next - 1) return;
  if (header.height > next) {
    askForBlock(world, node, from);
    return;
  }
  if (header.height === next) node.blocks.set(toHex(hash), header);
  node.feed({ type: 'decided', message, blockHash: hash, bodyHeld: true, from });
}

interface Delivery {
  readonly from: number;
  readonly packet: Packet;
}

/** Packets of peers that ask for something or offer it. */
function serve(world: World, node: TestNode, { from, packet }: Delivery): void {
  if (packet.type === 'get-block') {
    const hex = toHex(packet.hash);
    const final = node.disk.chain.find(({ block }) => equalBytes(block.hash, packet.hash));
    const header = node.blocks.get(hex) ?? node.disk.candidates.get(hex) ?? final?.block.header;
    if (header !== undefined) world.send(node, from, { type: 'block', header });
  }
  if (packet.type === 'block') {
    const { header } = packet;
    const hash = blockHash(header);
    node.blocks.set(toHex(hash), header);
    node.feed({ type: 'block', block: { hash, header } });
  }
  if (packet.type === 'sync-request') {
    const decided = decidedAt(node, packet.height);
    if (decided !== undefined) world.send(node, from, decided);
  }
  if (packet.type === 'transactions') {
    for (const name of packet.names) if (!world.isFinal(node, name)) node.pool.add(name);
    node.feed({ type: 'work', pending: node.pool.size > 0 });
  }
}

export function receive(world: World, node: TestNode, { from, packet }: Delivery): void {
  if (isVote(packet)) {
    receiveVote(world, node, from, packet);
    return;
  }
  if (packet.type === 'decided') {
    receiveDecided(world, node, from, packet);
    return;
  }
  if (packet.type === 'status') {
    const validator = world.nodes[from]?.validator;
    const known = validator !== undefined && { validator };
    node.feed({ type: 'status', peer: String(from), status: packet, ...known });
    return;
  }
  serve(world, node, { from, packet });
}
