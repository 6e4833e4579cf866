/** I14 on the chain: no recorded evidence accuses a correct validator, whoever brought it. */
import { equalBytes, publicKeyOf, readEvidence, toHex } from '@daybook/core';
import type { EventOf } from '../world/events.ts';
import type { World } from '../world/world.ts';
import type { Checker } from './checker.ts';

export const RECORDED_EVIDENCE: Checker = {
  invariants: ['I14'],
  watch: (world) => {
    const recorded = new Set<string>();
    world.events.on('committed', (event) => {
      if (!event.machine.isHonest) return;
      for (const accused of accusedIn(event, recorded)) judge(world, event, accused);
    });
  },
};

/** Keys that the evidence of a block accuses, each piece of evidence once in a run. */
function accusedIn({ block }: EventOf<'committed'>, recorded: Set<string>): readonly Uint8Array[] {
  return block.entries.flatMap((entry) => {
    if (entry.type !== 'system' || entry.system.kind !== 'evidence') return [];
    const id = toHex(entry.system.id);
    if (recorded.has(id)) return [];
    recorded.add(id);
    const read = readEvidence(entry.system.payload);
    return read.ok ? [read.value.publicKey] : [];
  });
}

function judge(world: World, { block }: EventOf<'committed'>, key: Uint8Array): void {
  world.coverage.add('evidence recorded');
  const accused = world.machines.find(({ member, nextConsensusKey }) => {
    const secrets = [member.keys.consensus, ...(nextConsensusKey ? [nextConsensusKey] : [])];
    return secrets.some((secret) => equalBytes(publicKeyOf(secret), key));
  });
  if (accused?.isHonest !== true || accused.wasDamaged) return;
  const { height } = block.header;
  world.violate('I14', `block ${height} records evidence against ${accused.name}`);
}
