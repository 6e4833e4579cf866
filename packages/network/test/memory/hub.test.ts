/**
 * The hub as the simulator uses it: with a virtual clock and a fate it decides everything.
 */
import { expect } from 'chai';
import type { Cargo, MemoryHub } from '../../src/index.ts';
import { createMemoryHub, createMemoryNetwork } from '../../src/index.ts';
import type { Network } from '../../src/network.ts';
import type { ManualClock } from '../support/manual-clock.ts';
import { manualClock } from '../support/manual-clock.ts';
import { keptParts } from '../support/parts.ts';

interface World {
  readonly clock: ManualClock;
  readonly hub: MemoryHub;
  readonly networks: readonly [Network, Network];
  /** What the second heard: `time first-byte`. */
  readonly heard: string[];
}

async function world(fate?: (cargo: Cargo) => readonly number[]): Promise<World> {
  const clock = manualClock();
  const hub = createMemoryHub(fate === undefined ? { clock } : { clock, fate });
  const peers = ['a', 'b'].map((peerId) => ({
    peerId,
    role: 'validator' as const,
    addresses: [`/memory/${peerId}`],
  }));
  const make = (peerId: string): Network =>
    createMemoryNetwork(
      { peerId, chain: new Uint8Array(32), admission: { role: 'validator', peers } },
      { ...keptParts(clock), hub },
    );
  const networks = [make('a'), make('b')] as const;
  const heard: string[] = [];
  networks[1].onMessage('consensus', (_, bytes) => {
    heard.push(`${clock.now()} ${bytes[0]}`);
  });
  await Promise.all(networks.map((network) => network.start()));
  clock.advance(0);
  return { clock, hub, networks, heard };
}

describe('network: memory hub', () => {
  it('given nothing but sends, then nothing arrives until the clock goes on', async () => {
    const { clock, networks, heard } = await world();

    networks[0].send('b', 'consensus', Uint8Array.of(1));
    expect(heard).to.deep.equal([]);
    clock.advance(0);

    expect(heard).to.deep.equal(['0 1']);
  });

  it('given delays, losses and copies, then frames keep their order and copies come later', async () => {
    const fates = [[30], [10], [], [5, 50], [0]];
    const { clock, networks, heard } = await world(() => fates.shift() ?? [0]);

    for (let index = 0; index < 5; index += 1) {
      networks[0].send('b', 'consensus', Uint8Array.of(index));
    }
    clock.advance(100);

    expect(heard).to.deep.equal(['30 0', '30 1', '30 3', '30 4', '50 3']);
  });

  it('given the same fate twice, then the same things happen', async () => {
    const run = async (): Promise<readonly string[]> => {
      let state = 7;
      const { clock, networks, heard } = await world(() => {
        state = (state * 48_271) % 2_147_483_647;
        return state % 5 === 0 ? [] : [state % 40];
      });
      for (let index = 0; index < 100; index += 1) {
        networks[0].send('b', 'consensus', Uint8Array.of(index));
        clock.advance(3);
      }
      return heard;
    };

    expect(await run()).to.deep.equal(await run());
  });

  it('given a pair that is cut and joined, then it is linked, apart, and linked again', async () => {
    const { clock, hub, networks, heard } = await world();
    const [a] = networks;

    hub.cut('a', 'b');
    expect(a.links()).to.deep.equal([]);
    expect(a.send('b', 'consensus', Uint8Array.of(1))).to.equal(false);
    clock.advance(1000);
    hub.join('a', 'b');
    clock.advance(0);

    expect(a.send('b', 'consensus', Uint8Array.of(2))).to.equal(true);
    clock.advance(0);
    expect(heard).to.deep.equal(['1000 2']);
  });
});
