/**
 * Gossip of finalised blocks, checkpoints and system transactions over gossipsub. Every message is judged before it is
 * forwarded, each peer has a rate, and only so many judgements run at a time.
 */
import { assert, toHex } from '@daybook/core';
import type { GossipSub } from '@libp2p/gossipsub';
import { TopicValidatorResult } from '@libp2p/gossipsub';
import type { Connection } from '@libp2p/interface';
import type { GossipVerdict, MetricsSink, Offence, PeerId } from '../network.ts';
import type { TopicName } from '../protocols.ts';
import { TOPICS } from '../protocols.ts';
import type { TokenBucket } from '../token-bucket.ts';
import { createTokenBucket } from '../token-bucket.ts';

const TOPIC_NAMES = Object.keys(TOPICS) as readonly TopicName[];

/** Largest message of any topic, in bytes. */
export const GOSSIP_BYTES_MAX = Math.max(...TOPIC_NAMES.map((name) => TOPICS[name].bytesMax));

/** Per peer over all topics; blocks may come every millisecond in a benchmark. Beyond is blame. */
const MIB = 1024 * 1024;
const RATE = { rate: 1000, burst: 2000, bytesRate: 32 * MIB, bytesBurst: 32 * MIB };

/** Judgements under way; what comes beyond is ignored and can be pulled. */
const JUDGING_MAX = 256;

/** Gossip streams open within this time or never. */
const SETTLE_MS = 10_000;

const RESULTS: Readonly<Record<GossipVerdict, TopicValidatorResult>> = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
};

export interface GossipPorts {
  readonly metrics: MetricsSink;
  now(): number;
  judge(peerId: PeerId, topic: TopicName, bytes: Uint8Array): Promise<GossipVerdict>;
  offend(peerId: PeerId, offence: Offence): void;
}

/** Full topic names: each carries the chain, so that two chains never mix. */
export function topicIds(chain: Uint8Array): Readonly<Record<TopicName, string>> {
  const tail = toHex(chain.subarray(0, 8));
  return {
    blocks: `${TOPICS.blocks.id}/${tail}`,
    checkpoints: `${TOPICS.checkpoints.id}/${tail}`,
    system: `${TOPICS.system.id}/${tail}`,
  };
}

export class Gossip {
  readonly #sub: GossipSub;
  readonly #ids: Readonly<Record<TopicName, string>>;
  readonly #ports: GossipPorts;
  /** Kept while a peer is admitted: a new link brings no new burst. */
  readonly #buckets = new Map<PeerId, Readonly<Record<TopicName | 'all', TokenBucket>>>();
  #judging = 0;

  constructor(sub: GossipSub, chain: Uint8Array, ports: GossipPorts) {
    this.#sub = sub;
    this.#ids = topicIds(chain);
    this.#ports = ports;
  }

  /** Subscribes to every topic; call it once the host runs. */
  start(): void {
    for (const name of TOPIC_NAMES) {
      this.#sub.topicValidators.set(this.#ids[name], async (peer, message) => {
        const verdict = await this.#judge(peer.toString(), name, new Uint8Array(message.data));
        return RESULTS[verdict];
      });
      this.#sub.subscribe(this.#ids[name]);
    }
  }

  /** @returns how many peers it was handed to */
  async publish(topic: TopicName, bytes: Uint8Array): Promise<number> {
    assert(bytes.length <= TOPICS[topic].bytesMax, 'a gossiped message keeps to its limit');
    // gossipsub remembers what it published to nobody, and would not send it later either.
    if (this.#sub.getSubscribers(this.#ids[topic]).length === 0) {
      return 0;
    }
    const { recipients } = await this.#sub.publish(this.#ids[topic], bytes);
    this.#ports.metrics.add('daybook_network_gossip_total', 1, { topic, verdict: 'published' });
    return recipients.length;
  }

  /**
   * Whether gossip works on a connection. When one of its streams dies, gossipsub goes on as if
   * nothing had happened and never opens it again; only a new connection heals it.
   */
  isHealthy(connection: Connection, ageMs: number): boolean {
    const directions = new Set<string>();
    for (const { protocol, direction } of connection.streams) {
      if (protocol.startsWith('/meshsub/')) {
        directions.add(direction);
      }
    }
    return directions.size === 2 || ageMs < SETTLE_MS;
  }

  /** Forgets all peers that `keep` does not name. */
  retain(keep: (peerId: PeerId) => boolean): void {
    for (const peerId of this.#buckets.keys()) {
      if (!keep(peerId)) {
        this.#buckets.delete(peerId);
      }
    }
  }

  async #judge(peerId: PeerId, topic: TopicName, bytes: Uint8Array): Promise<GossipVerdict> {
    const now = this.#ports.now();
    const buckets = this.#buckets.get(peerId) ?? bucketsOf(now);
    this.#buckets.set(peerId, buckets);
    if (bytes.length > TOPICS[topic].bytesMax) {
      this.#ports.offend(peerId, 'malformed');
      return 'reject';
    }
    if (!buckets.all.take(bytes.length, now)) {
      this.#ports.offend(peerId, 'flood');
      return 'ignore';
    }
    if (this.#judging >= JUDGING_MAX || !buckets[topic].take(bytes.length, now)) {
      return 'ignore';
    }
    this.#judging += 1;
    try {
      return await this.#ports.judge(peerId, topic, bytes);
    } finally {
      this.#judging -= 1;
    }
  }
}

function bucketsOf(now: number): Readonly<Record<TopicName | 'all', TokenBucket>> {
  const of = (topic: TopicName): TokenBucket => {
    const { rate, burst } = TOPICS[topic];
    return createTokenBucket({ ...RATE, rate, burst }, now);
  };
  return {
    all: createTokenBucket(RATE, now),
    blocks: of('blocks'),
    checkpoints: of('checkpoints'),
    system: of('system'),
  };
}
