/** `daybook checkpoint`: what the whole history is, checked on every node that is named. */
import type { CheckpointFacts, Client } from '@daybook/client';
import {
  explainVerification,
  fetchStartAtBlock,
  fetchStartAtWitnesses,
  startAtGenesis,
  timeText,
} from '@daybook/client';
import type { Hash, WitnessPolicy } from '@daybook/core';
import { asHash, explainCheckpoint, fromHex, ok, readWitnessPolicy, toHex } from '@daybook/core';
import { connect, connectEach, NODE_OPTIONS, trustedChainOf, trustedErasOf } from '../connect.ts';
import { CliError } from '../errors.ts';
import type { Exit } from '../exit-codes.ts';
import { writeOut } from '../files.ts';
import type { Input } from '../frame/input.ts';
import type { Paint } from '../frame/style.ts';
import { renderPairs } from '../frame/style.ts';
import type { Verb } from '../frame/verb.ts';
import type { World } from '../frame/world.ts';
import { answer, remark } from '../print.ts';
import type { FollowEvent } from '../witness/follow.ts';
import { followJson, followOnce, refuseAfterAlarm } from '../witness/follow.ts';
import { createMemoryStore, openHistoryStore } from '../witness/store.ts';
import { exitOfVerdict } from './verdict-lines.ts';

async function checkpoint(input: Input, world: World): Promise<Exit> {
  const policy = policyOf(input);
  const trusted = await trustedChainOf(input);
  const eras = await trustedErasOf(input);
  const client = await connect(input);
  const genesis = await client.genesis();
  const nodes = connectEach(input, genesis.chain);
  const folder = input.optionalText('state');
  const store = folder === undefined ? createMemoryStore('.') : await openHistoryStore(folder);
  try {
    await refuseAfterAlarm(store);
    const started = await startOf(input, client, { trusted, policy, nowMs: world.nowMs() });
    if (!started.ok) return answerUnstarted(started.reason, { input, world });
    const events: FollowEvent[] = [];
    const parts = {
      genesis,
      start: started.value,
      eras,
      policy,
      nowMs: () => world.nowMs(),
      nodes,
      store,
      tell: (event: FollowEvent) => void events.push(event),
      onNewer: async () => undefined,
    };
    const state = await followOnce(parts, await store.read());
    const outFile = input.optionalText('out');
    if (outFile !== undefined && state !== undefined) await writeOut(outFile, state.note, world);
    return answerEvents(events, nodes.length, { input, world });
  } finally {
    await store.close();
  }
}

/** Named witnesses, all of which must have cosigned unless --witnesses says how many. */
function policyOf(input: Input): WitnessPolicy | undefined {
  const keys = input.texts('witness');
  if (keys.length === 0) return undefined;
  const needed = input.integer('witnesses', { min: 1, max: keys.length }) ?? keys.length;
  const policy = readWitnessPolicy(keys, needed);
  if (policy.ok) return policy.value;
  const expected = `verifier keys of witnesses. ${explainCheckpoint(policy.reason).replace(/\.$/, '')}`;
  throw new CliError({ code: 'CLI_OPTION_INVALID', option: '--witness', expected });
}

interface Known {
  readonly trusted: Hash | undefined;
  readonly policy: WitnessPolicy | undefined;
  readonly nowMs: number;
}

type Started = Awaited<ReturnType<typeof fetchStartAtBlock>>;

/** What was vouched for, the strongest first. */
async function startOf(input: Input, client: Client, known: Known): Promise<Started> {
  const { trusted, policy, nowMs } = known;
  const block = input.optionalText('trusted');
  if (block !== undefined) return await fetchStartAtBlock(client, readBlock(block));
  const genesis = await client.genesis();
  if (trusted !== undefined || policy === undefined) {
    return ok(startAtGenesis(genesis, trusted === undefined));
  }
  return await fetchStartAtWitnesses(client, { chain: genesis.chain, policy, nowMs });
}

function readBlock(text: string): { readonly height: number; readonly blockHash: Hash } {
  const [, height = '', hex = ''] = /^(\d{1,15}):([0-9a-f]{64})$/i.exec(text) ?? [];
  const bytes = fromHex(hex.toLowerCase());
  if (bytes?.length === 32) return { height: Number(height), blockHash: asHash(bytes) };
  const expected = 'HEIGHT:HASH, the hash with 64 hexadecimal digits';
  throw new CliError({ code: 'CLI_OPTION_INVALID', option: '--trusted', expected });
}

interface Asked {
  readonly input: Input;
  readonly world: World;
}

type Unstarted = Extract<Started, { readonly ok: false }>['reason'];

/** Nothing to begin from: nothing that nodes say can be told from anything else. */
function answerUnstarted(reason: Unstarted, { input, world }: Asked): Exit {
  const isLacking = reason.code === 'CLIENT_WITNESSES_MISSING';
  const outcome = isLacking ? 'unknown' : 'invalid';
  answer(input, world, {
    json: { outcome, reason },
    lines: (paint) => `${paint(COLOURS[outcome], WORDS[outcome])} ${explainVerification(reason)}`,
  });
  return isLacking ? 'undecided' : 'invalid';
}

type Outcome = 'valid' | 'invalid' | 'unknown';

const COLOURS = { valid: 'green', invalid: 'red', unknown: 'yellow' } as const;
const WORDS: Readonly<Record<Outcome, string>> = {
  valid: 'Valid.',
  invalid: 'Invalid.',
  unknown: 'Cannot tell.',
};

function answerEvents(
  events: readonly FollowEvent[],
  nodeCount: number,
  { input, world }: Asked,
): Exit {
  const outcomes = events.flatMap((event): readonly Outcome[] => {
    if (event.kind === 'away') return [];
    return [event.kind === 'seen' ? 'valid' : event.outcome];
  });
  const outcome = (['invalid', 'unknown', 'valid'] as const).find((one) => outcomes.includes(one));
  const facts = newestOf(events);
  if (outcome === undefined) return answerUnseen(events, nodeCount, { input, world });
  const compared = comparedCount(events);
  answer(input, world, {
    json: { outcome, compared, ...(facts && factsJson(facts)), nodes: events.map(followJson) },
    lines: (paint) =>
      [
        paint(COLOURS[outcome], WORDS[outcome]),
        ...events.map(sentenceOf),
        ...(compared < COMPARED_MIN ? [paint('yellow', COMPARE_MORE)] : []),
        ...(facts === undefined ? [] : ['', factsText(facts, paint)]),
      ].join('\n'),
  });
  return exitOfVerdict({ outcome });
}

/** Nobody showed a checkpoint: who does not answer says nothing, who has none yet that it is early. */
function answerUnseen(
  events: readonly FollowEvent[],
  nodeCount: number,
  { input, world }: Asked,
): Exit {
  for (const event of events) remark(world, sentenceOf(event));
  if (events.length === nodeCount) return 'unreachable';
  answer(input, world, {
    json: { outcome: 'unknown', compared: 0, nodes: events.map(followJson) },
    lines: (paint) => `${paint(COLOURS.unknown, WORDS.unknown)} No node has a checkpoint yet.`,
  });
  return 'undecided';
}

/** Nodes of so many departments show a fork that one of them hides (spec L-5). */
const COMPARED_MIN = 2;
const COMPARE_MORE =
  'One node alone may hide a fork: name nodes of two other departments or more with --url.';

/** Nodes that showed one and the same history. */
function comparedCount(events: readonly FollowEvent[]): number {
  return new Set(events.flatMap((event) => (event.kind === 'seen' ? [event.url] : []))).size;
}

/** The largest tree that held, or else one of which nobody can tell. */
function newestOf(events: readonly FollowEvent[]): CheckpointFacts | undefined {
  const seen = events.flatMap((event) => (event.kind === 'seen' ? [event.facts] : []));
  const other = events.flatMap((event) => (event.kind === 'unproven' ? (event.facts ?? []) : []));
  return [...seen.sort((a, b) => b.head.size - a.head.size), ...other][0];
}

function factsJson({ chain, head, seals, witnesses, setChanges }: CheckpointFacts) {
  const { size, root } = head;
  const cosigned = witnesses.map(({ key, timeS }) => ({ name: key.name, timeS }));
  return { chain, size, root, seals, witnesses: cosigned, setChanges };
}

function sentenceOf(event: FollowEvent): string {
  switch (event.kind) {
    case 'seen': {
      const { size } = event.facts.head;
      return event.isNew
        ? `${event.url} shows ${size} blocks, signed by a quorum.`
        : `${event.url} shows the same history, ${size} blocks.`;
    }
    case 'away':
      return `${event.url} does not answer: ${event.fact}`;
    case 'unproven':
      return `${event.url}: ${event.fact}`;
  }
}

function factsText(facts: CheckpointFacts, paint: Paint): string {
  const { chain, head, seals, witnesses, setChanges } = facts;
  return renderPairs(
    [
      { title: 'Chain', text: toHex(chain) },
      { title: 'Blocks', text: `${head.size}, to height ${head.size - 1}` },
      { title: 'Root', text: toHex(head.root) },
      {
        title: 'Signed by',
        text: `${seals.signers} of ${seals.validators} validators, ${seals.quorum} are needed`,
      },
      ...witnesses.map(({ key, timeS = 0 }) => ({
        title: 'Cosigned by',
        text: `${key.name}, ${timeText(timeS * 1000)}`,
      })),
      { title: 'Changes of the set', text: String(setChanges) },
    ],
    paint,
  );
}

export const CHECKPOINT_VERB: Verb = {
  words: ['checkpoint'],
  title: 'Show how far the history goes, checked on every node that is named.',
  help:
    'Fetches the checkpoint of each node, verifies that a quorum of the validators signed it, and ' +
    'that all of them show one history; name nodes of at least two other departments, since one ' +
    'alone may hide a fork. Trust begins at --genesis or --chain, at a block that you ' +
    'know (--trusted), or at the witnesses you name; without any, the answer is "cannot tell". With ' +
    '--state it remembers what it saw, so that the next run proves that nothing was changed since. ' +
    'On a fork it keeps the proof and ends with code 8.',
  operands: [],
  options: {
    trusted: {
      value: 'HEIGHT:HASH',
      help: 'A block that an operator vouched for, at most 30 days old.',
    },
    witness: { value: 'KEY', help: 'Verifier key of a witness that you trust.', many: true },
    witnesses: { value: 'COUNT', help: 'How many of them must have cosigned; all by default.' },
    state: { value: 'FOLDER', help: 'Where it remembers what it saw; one process at a time.' },
    out: { value: 'FILE', help: 'Keep the newest checkpoint in a file.' },
    ...NODE_OPTIONS,
  },
  examples: [
    'checkpoint --genesis genesis.json --url https://finance.example --url https://health.example',
    'checkpoint --genesis genesis.json --state watched/',
  ],
  run: checkpoint,
};
