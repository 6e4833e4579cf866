/** What the node and the chain are doing: status, health, readiness, why, validators, genesis. */
import type { Genesis } from '@daybook/core';
import { toHex } from '@daybook/core';
import type { Health, HealthFacts } from '../../health.ts';
import { awaitedOf, diagnose, isReady, silentVoters } from '../../health.ts';
import type { Words } from '../../health-causes.ts';
import { headView, timeText, validatorsView } from '../chain-view.ts';
import { CBOR_TYPE, JSON_TYPE } from '../media-type.ts';
import { queryHeight } from '../parameters.ts';
import type { Chain, NodeReport, NodeStatus } from '../ports.ts';
import { refuse, view } from '../reply.ts';
import type { Route } from '../route.ts';
import { defineRoute } from '../route.ts';
import { COUNT, hex, list, named, object } from '../schemas.ts';
import { GENESIS_SCHEMA, HEALTH_SCHEMA, STATUS_SCHEMA, WHY_SCHEMA } from '../schemas-status.ts';
import type { ViewMap } from '../view.ts';

export interface StatusParts {
  readonly chain: Chain;
  readonly status: NodeStatus;
}

const TAG = 'Node';

/** What the diagnosis rests on, at this moment. */
export function healthFacts({ chain, status }: StatusParts): HealthFacts {
  const head = chain.head().height;
  const parameters = chain.parameters();
  return { report: status.report(), waiting: status.waiting(), parameters, head };
}

function wordsView({ en, zh }: Words): ViewMap {
  return { en, zh };
}

function healthView({ healthy, state, reasons }: Health): ViewMap {
  return {
    healthy,
    state: { kind: state.kind, words: wordsView(state.words) },
    reasons: reasons.map(({ severity, kind, words, advice }) => ({
      severity,
      kind,
      words: wordsView(words),
      advice: wordsView(advice),
    })),
  };
}

function reportView(report: NodeReport): ViewMap {
  const { startedAtMs, peers, reachable, mempool, signing, signingWait, join, sync, ...rest } =
    report;
  return {
    ...rest,
    ...(join && { join: { ...join, idleMs: Math.round(join.idleMs) } }),
    ...(sync && { sync: { ...sync, blocksPerSecond: rounded(sync.blocksPerSecond) } }),
    startedAtMs,
    started: timeText(startedAtMs),
    ready: isReady(report),
    peers: { ...peers },
    reachable: { ...reachable },
    mempool: { ...mempool },
    signing: { ...signing },
    ...(signingWait && {
      signingWait: { log: signingWait.log, forMs: Math.round(signingWait.forMs) },
    }),
    upMs: Math.round(report.upMs),
    headAgeMs: Math.round(report.headAgeMs),
    blockWantedMs: rounded(report.blockWantedMs),
    clockOffsetMs: rounded(report.clockOffsetMs),
    diskFreePermille: Math.round(report.diskFree * 1000),
    diskFree: undefined,
    diskLimits: undefined,
    damage: undefined,
  };
}

function rounded(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Math.round(value);
}

function statusRoute(parts: StatusParts): Route {
  const { chain, status } = parts;
  return defineRoute({
    id: 'getStatus',
    method: 'GET',
    path: '/v1/status',
    tag: TAG,
    title: 'This node at this moment',
    parameters: {},
    responses: {
      200: {
        help: 'The status.',
        content: { [JSON_TYPE]: STATUS_SCHEMA, [CBOR_TYPE]: STATUS_SCHEMA },
      },
    },
    problems: [],
    handle: () => {
      const { healthy } = diagnose(healthFacts(parts));
      const { chain: id, document } = chain.genesis;
      return view({
        chain: { id, name: document.name },
        head: headView(chain.head()),
        healthy,
        ...reportView(status.report()),
      });
    },
  });
}

/** The answer in sentences: what the node does, what is wrong, what to do about it. */
function explain({ state, reasons }: Health): readonly Words[] {
  const sentences = reasons.map(({ words, advice }) => ({
    en: `${words.en} ${advice.en}`,
    zh: `${words.zh}${advice.zh}`,
  }));
  return [...sentences, state.words];
}

function votersView(facts: HealthFacts): ViewMap | null {
  const { waiting } = facts;
  if (waiting === undefined) return null;
  const { height, round, awaited, votes, roundEndsMs, proposer, quorum, voters } = waiting;
  const awaitedWords = awaitedOf(waiting);
  return {
    height,
    round,
    inHeightMs: Math.round(waiting.inHeightMs),
    awaited,
    awaitedWords: awaitedWords && wordsView(awaitedWords),
    votes,
    roundEndsMs: rounded(roundEndsMs),
    proposer,
    quorum,
    silent: silentVoters(facts).map(({ organisation }) => organisation),
    voters: voters.map((voter) => ({ ...voter, silentMs: rounded(voter.silentMs) })),
  };
}

function whyRoute(parts: StatusParts): Route {
  const { chain } = parts;
  return defineRoute({
    id: 'explainWaiting',
    method: 'GET',
    path: '/v1/why',
    tag: TAG,
    title: 'Why blocks do or do not advance, in words',
    help: 'Height, round, who voted, who is silent and since when, and what to do.',
    parameters: {},
    responses: { 200: { help: 'The explanation.', content: { [JSON_TYPE]: WHY_SCHEMA } } },
    problems: [],
    handle: () => {
      const facts = healthFacts(parts);
      const health = diagnose(facts);
      return view({
        head: headView(chain.head()),
        ...healthView(health),
        explanation: explain(health).map(wordsView),
        consensus: votersView(facts),
      });
    },
  });
}

function healthRoute(parts: StatusParts): Route {
  return defineRoute({
    id: 'getHealth',
    method: 'GET',
    path: '/healthz',
    tag: TAG,
    title: 'Whether blocks advance when they should',
    help: 'Fails with words when blocks should advance and do not; warnings do not make it fail.',
    parameters: {},
    unmetered: true,
    responses: { 200: { help: 'Healthy.', content: { [JSON_TYPE]: HEALTH_SCHEMA } } },
    problems: ['NODE_UNHEALTHY'],
    handle: () => {
      const health = diagnose(healthFacts(parts));
      if (health.healthy) return view(healthView(health));
      const faults = health.reasons.filter(({ severity }) => severity === 'fault');
      const detail = faults.map(({ words }) => words.en).join(' ');
      return refuse({ code: 'NODE_UNHEALTHY', detail, facts: healthView(health) as never });
    },
  });
}

function readyRoute({ status }: StatusParts): Route {
  return defineRoute({
    id: 'getReadiness',
    method: 'GET',
    path: '/readyz',
    tag: TAG,
    title: 'Whether clients may be sent here',
    parameters: {},
    unmetered: true,
    responses: {
      200: { help: 'Ready.', content: { [JSON_TYPE]: object({ ready: { const: true } }) } },
    },
    problems: ['NODE_NOT_READY'],
    handle: () => {
      const report = status.report();
      if (isReady(report)) return view({ ready: true });
      return refuse({ code: 'NODE_NOT_READY', detail: `The node is ${report.activity}.` });
    },
  });
}

function validatorsRoute({ chain }: StatusParts): Route {
  const member = object({ index: COUNT, id: hex(32), publicKey: hex(32) });
  const answer = object({
    head: named('Head'),
    height: COUNT,
    quorum: COUNT,
    faultyMax: COUNT,
    validators: list(member),
  });
  return defineRoute({
    id: 'getValidators',
    method: 'GET',
    path: '/v1/validators',
    tag: TAG,
    title: 'The validators that sign a height',
    parameters: { height: queryHeight('1 to the newest height + 1; the latter if left out.') },
    responses: {
      200: { help: 'The set.', content: { [JSON_TYPE]: answer, [CBOR_TYPE]: answer } },
    },
    problems: ['NODE_VALIDATORS_UNKNOWN'],
    handle: async ({ values }) => {
      const head = chain.head();
      const height = values.height ?? head.height + 1;
      const set = await chain.validatorsAt(height);
      if (set === undefined) return refuse({ code: 'NODE_VALIDATORS_UNKNOWN' });
      return view({ head: headView(head), height, ...validatorsView(set) });
    },
  });
}

function genesisView({ chain, document, bytes }: Genesis): ViewMap {
  // A genesis document is JSON by definition: texts, numbers, lists and objects.
  return { chain, genesis: document as unknown as ViewMap, bytes };
}

function genesisRoute({ chain }: StatusParts): Route {
  return defineRoute({
    id: 'getGenesis',
    method: 'GET',
    path: '/v1/genesis',
    tag: TAG,
    title: 'What the founders agreed on',
    help: '`chain` is the chain id: the tagged hash of `bytes`, the canonical form of `genesis`.',
    parameters: {},
    responses: {
      200: {
        help: 'The genesis document.',
        content: { [JSON_TYPE]: GENESIS_SCHEMA, [CBOR_TYPE]: GENESIS_SCHEMA },
      },
    },
    problems: [],
    handle: () => {
      const { genesis } = chain;
      return view(genesisView(genesis), { kind: 'immutable', tag: toHex(genesis.chain) });
    },
  });
}

export function statusRoutes(parts: StatusParts): readonly Route[] {
  return [
    statusRoute(parts),
    whyRoute(parts),
    validatorsRoute(parts),
    genesisRoute(parts),
    healthRoute(parts),
    readyRoute(parts),
  ];
}
