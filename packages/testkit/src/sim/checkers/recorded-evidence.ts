/** I14 on the chain: no recorded evidence accuses a correct validator, whoever brought it. */
import type { EvidenceProof } from '@daybook/core';
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

/** What the evidence of a block accuses, each piece of evidence once in a run. */
function accusedIn(
  { block }: EventOf<'committed'>,
  recorded: Set<string>,
): readonly EvidenceProof[] {
  return block.entries.flatMap((entry) => {
    if (entry.type !== 'system' || entry.system.kind !== 'evidence') return [];
    const id = toHex(entry.system.id);
    if (recorded.has(id)) return [];
    recorded.add(id);
    const read = readEvidence(entry.system.payload);
    return read.ok ? [read.value] : [];
  });
}

function judge(world: World, { block }: EventOf<'committed'>, proof: EvidenceProof): void {
  world.coverage.add('evidence recorded');
  const accused = world.machines.find(({ member, nextConsensusKey }) => {
    const secrets = [member.keys.consensus, ...(nextConsensusKey ? [nextConsensusKey] : [])];
    return secrets.some((secret) => equalBytes(publicKeyOf(secret), proof.publicKey));
  });
  if (accused?.isHonest !== true || proof.height <= accused.forgotUpTo) return;
  const { height } = block.header;
  world.violate('I14', `block ${height} records evidence against ${accused.name}`);
}
