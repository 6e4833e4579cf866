/** Gossip of one peer (threat: a flood of what is valid): each topic has a rate of its own. */
import type { GossipSub } from '@libp2p/gossipsub';
import { TopicValidatorResult } from '@libp2p/gossipsub';
import { expect } from 'chai';
import { Gossip, topicIds } from '../../src/libp2p/gossip.ts';
import type { TopicName } from '../../src/protocols.ts';
import { TOPICS } from '../../src/protocols.ts';
import { manualClock } from '../support/manual-clock.ts';

type Validator = (
  peer: { toString(): string },
  message: { data: Uint8Array },
) => Promise<TopicValidatorResult>;

const chain = new Uint8Array(32);

/** Gossip over a gossipsub that only keeps the validators. */
function bench() {
  const validators = new Map<string, Validator>();
  const clock = manualClock();
  const judged: string[] = [];
  const blamed: string[] = [];
  const sub = { topicValidators: validators, subscribe: () => undefined };
  const gossip = new Gossip(sub as unknown as GossipSub, chain, {
    metrics: { add: () => undefined, set: () => undefined, observe: () => undefined },
    now: () => clock.now(),
    judge: async (peerId) => {
      judged.push(peerId);
      return 'accept';
    },
    offend: (peerId, offence) => blamed.push(`${peerId} ${offence}`),
  });
  gossip.start();
  const hear = async (peer: string, topic: TopicName, count: number) => {
    const validator = validators.get(topicIds(chain)[topic]) ?? expect.fail('it subscribes');
    let last: TopicValidatorResult | undefined;
    for (let index = 0; index < count; index += 1) {
      last = await validator({ toString: () => peer }, { data: Uint8Array.of(index) });
    }
    return last;
  };
  return { gossip, clock, judged, blamed, hear };
}

describe('network: gossip of a peer', () => {
  it('given more checkpoints than there can be, then the rest is ignored unjudged and without blame', async () => {
    const { clock, judged, blamed, hear } = bench();
    const { burst, rate } = TOPICS.checkpoints;

    expect(await hear('x', 'checkpoints', burst + 100)).to.equal(TopicValidatorResult.Ignore);

    expect(judged).to.have.length(burst);
    expect(blamed).to.deep.equal([]);
    expect(await hear('x', 'blocks', 1)).to.equal(TopicValidatorResult.Accept);
    expect(await hear('y', 'checkpoints', 1)).to.equal(TopicValidatorResult.Accept);
    clock.advance(1000);
    await hear('x', 'checkpoints', burst);
    expect(judged).to.have.length(burst + rate + 2);
  });

  it('given a table without the peer, then nothing of it is remembered', async () => {
    const { gossip, hear } = bench();
    await hear('x', 'checkpoints', TOPICS.checkpoints.burst);
    gossip.retain((peerId) => peerId === 'x');
    expect(await hear('x', 'checkpoints', 1)).to.equal(TopicValidatorResult.Ignore);

    gossip.retain(() => false);

    expect(await hear('x', 'checkpoints', 1)).to.equal(TopicValidatorResult.Accept);
  });
});
