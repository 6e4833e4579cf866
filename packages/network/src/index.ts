/**
 * The only door of the network package.
 */
export type { NetworkCode, NetworkFailure } from './errors.ts';
export { explainNetwork, NETWORK_ERRORS, NetworkError } from './errors.ts';
export { createNetwork } from './libp2p/libp2p-network.ts';
export type { Cargo, MemoryHub, MemoryHubOptions } from './memory/hub.ts';
export { createMemoryHub } from './memory/hub.ts';
export type { MemoryNetworkOptions, MemoryNetworkParts } from './memory/memory-network.ts';
export { createMemoryNetwork } from './memory/memory-network.ts';
export type { MetricName, MetricRow } from './metrics.ts';
export { NETWORK_METRICS } from './metrics.ts';
export type {
  Admission,
  Clock,
  GossipListener,
  GossipVerdict,
  Link,
  LogData,
  Logger,
  MessageListener,
  MetricsSink,
  Network,
  NetworkOptions,
  NetworkParts,
  Offence,
  Peer,
  PeerEvent,
  PeerId,
  RequestHandler,
  RequestOptions,
  Role,
  Unsubscribe,
} from './network.ts';
export type {
  ChannelName,
  ChannelRow,
  RequestName,
  RequestRow,
  TopicName,
  TopicRow,
} from './protocols.ts';
export { CHANNELS, REQUESTS, TOPICS } from './protocols.ts';
