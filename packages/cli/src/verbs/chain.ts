/** The chain and its nodes: status, why, blocks, receipts, events. */
import type { BlockAnswer, Client, FeedEntry, StatusAnswer } from '@daybook/client';
import { createClient, timeText } from '@daybook/client';
import { asTransactionId, fromHex, toHex } from '@daybook/core';
import { openCallsOf } from '../actions/open-calls.ts';
import { openLines, problemLines, receiptLines } from '../actions/outcome.ts';
import { connect, NODE_OPTIONS } from '../connect.ts';
import { CliError } from '../errors.ts';
import type { Exit } from '../exit-codes.ts';
import type { Input } from '../frame/input.ts';
import type { Paint } from '../frame/style.ts';
import { printable, renderPairs } from '../frame/style.ts';
import type { Verb } from '../frame/verb.ts';
import type { World } from '../frame/world.ts';
import { answer, answerNothing, jsonLine, paintOf } from '../print.ts';
import { DIFF_STATE_VERB } from './diff-state.ts';
import { WHY_VERB } from './why.ts';

/** One address and what it said of itself. */
interface NodeAnswer {
  readonly url: string;
  readonly status?: StatusAnswer;
  readonly fault?: string;
}

async function askNode(url: string): Promise<NodeAnswer> {
  try {
    return { url, status: await createClient({ urls: [url], timeoutMs: 5000 }).status() };
  } catch (error) {
    return { url, fault: error instanceof Error ? error.message : String(error) };
  }
}

type SyncAnswer = NonNullable<StatusAnswer['sync']>;

async function status(input: Input, world: World): Promise<Exit> {
  const { urls } = await connect(input);
  const nodes = await Promise.all(urls.map(askNode));
  answer(input, world, {
    json: nodes,
    lines: (paint) => nodes.map((n) => nodeLines(n, paint)).join('\n\n'),
  });
  if (nodes.every(({ status: answered }) => answered === undefined)) return 'unreachable';
  return nodes.every(({ status: answered }) => answered?.healthy === true) ? 'done' : 'refused';
}

function nodeLines({ url, status: node, fault }: NodeAnswer, paint: Paint): string {
  if (node === undefined) return `${paint('bold', url)}\n${paint('red', fault ?? 'no answer')}`;
  const { head, reachable, mempool } = node;
  const health = node.healthy
    ? paint('green', 'healthy')
    : paint('red', 'not healthy: daybook why');
  const pairs = [
    { title: 'Chain', text: `${node.chain.name} ${toHex(node.chain.id)}` },
    { title: 'Node', text: `${node.organisation ?? 'unnamed'}, ${node.role}, ${node.activity}` },
    ...(node.hindrance === undefined ? [] : [{ title: 'Hindrance', text: node.hindrance }]),
    ...(node.sync === undefined ? [] : [{ title: 'Behind', text: syncText(node.sync) }]),
    { title: 'Health', text: health },
    { title: 'Head', text: `${head.height}, ${Math.round(node.headAgeMs / 1000)} s ago` },
    { title: 'Validators', text: `${reachable.count} of ${reachable.of} connected` },
    { title: 'Waiting', text: `${mempool.transactions} transactions` },
    { title: 'Version', text: node.version },
  ];
  return `${paint('bold', url)}\n${renderPairs(pairs, paint)}`;
}

function syncText(answer: SyncAnswer): string {
  const { target, credible, blocksPerSecond, leftMs, reason, peer } = answer;
  const doubt = credible ? '' : ', which no more peers say than may lie';
  const parts = [`a peer spoke of height ${target}${doubt}`];
  if (blocksPerSecond !== undefined && leftMs !== undefined) {
    parts.push(`${blocksPerSecond} blocks per second, ${Math.round(leftMs / 1000)} s left`);
  }
  if (reason !== undefined) parts.push(`not given by ${peer ?? 'a peer'}: ${reason}`);
  return parts.join('; ');
}

async function block(input: Input, world: World): Promise<Exit> {
  const height = heightIn(input.operand('height'));
  const found = await (await connect(input)).block(height);
  if (found === undefined) return answerNothing(input, world, `There is no block ${height} yet.`);
  answer(input, world, { json: found, lines: (paint) => blockLines(found, paint) });
  return 'done';
}

function heightIn(text: string): number {
  const height = /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  if (height !== undefined) return height;
  const expected = 'the height of a block, 0 or more';
  throw new CliError({ code: 'CLI_OPTION_INVALID', option: 'HEIGHT', expected });
}

function blockLines(found: BlockAnswer, paint: Paint): string {
  const { certificate } = found;
  const hashes = [
    { title: 'Hash', hash: found.blockHash },
    { title: 'Parent', hash: found.parentHash },
    { title: 'State root', hash: found.stateRoot },
    { title: 'Proposer', hash: found.proposer },
  ];
  const pairs = [
    ...hashes.map(({ title, hash }) => ({ title, text: toHex(hash) })),
    { title: 'Time', text: timeText(found.timestampMs) },
    { title: 'Transactions', text: String(found.transactionCount) },
    ...(certificate === undefined
      ? []
      : [
          {
            title: 'Sealed by',
            text: `${certificate.signers.length} of ${certificate.validatorCount} in round ${certificate.round}`,
          },
        ]),
  ];
  return `${paint('bold', `Block ${found.height}`)}\n${renderPairs(pairs, paint)}`;
}

async function receipt(input: Input, world: World): Promise<Exit> {
  const bytes = fromHex(input.operand('id').toLowerCase());
  if (bytes?.length !== 32) {
    const expected = '64 hexadecimal digits';
    throw new CliError({ code: 'CLI_OPTION_INVALID', option: 'ID', expected });
  }
  const client = await connect(input);
  const id = asTransactionId(bytes);
  const outcome = await client.outcomeOf(id);
  if (outcome === undefined) {
    return answerNothing(input, world, 'No node asked knows this transaction.');
  }
  const openCalls =
    outcome.state === 'committed' ? await openCallsOf(outcome.receipt, [], client) : [];
  answer(input, world, {
    json: { ...outcome, ...(openCalls.length > 0 && { openCalls }) },
    lines: (paint) => {
      if (outcome.state === 'committed') {
        const lines = receiptLines(outcome.receipt, paint);
        return openCalls.length === 0 ? lines : `${openLines(openCalls, paint)}\n${lines}`;
      }
      if (outcome.state === 'refused') return problemLines(outcome.problem, paint);
      return outcome.state === 'pending' ? `Waiting; it was ${outcome.progress}.` : 'Expired.';
    },
  });
  if (outcome.state === 'pending') return 'pending';
  if (outcome.state !== 'committed') return 'refused';
  return openCalls.length === 0 ? 'done' : 'open';
}

const LIMIT_MAX = 1_000_000_000;

async function events(input: Input, world: World): Promise<Exit> {
  const client: Client = await connect(input);
  const limit = input.integer('limit', { min: 1, max: LIMIT_MAX }) ?? Number.POSITIVE_INFINITY;
  const paint = paintOf(world);
  const [after, contract, event] = ['after', 'contract', 'event'].map((name) =>
    input.optionalText(name),
  );
  const feed = client.events({
    signal: world.signal,
    blocks: input.flag('blocks'),
    ...(after !== undefined && { after }),
    ...(contract !== undefined && { contract }),
    ...(event !== undefined && { event }),
  });
  let count = 0;
  for await (const entry of feed) {
    world.out.write(
      input.flag('json') ? jsonLine(entry) : `${printable(entryLine(entry, paint))}\n`,
    );
    count += 1;
    if (count >= limit) break;
  }
  return 'done';
}

function entryLine(entry: FeedEntry, paint: Paint): string {
  const time = paint('dim', timeText(entry.timestampMs));
  if (entry.kind === 'block') {
    return `${time} ${entry.cursor} ${paint('dim', `block, ${entry.transactionCount} transactions`)}`;
  }
  const name = paint('bold', `${entry.contract}.${entry.name}`);
  return `${time} ${entry.cursor} ${name} ${JSON.stringify(entry.fields)}`;
}

export const CHAIN_VERBS: readonly Verb[] = [
  {
    words: ['status'],
    title: 'Show what nodes are doing.',
    operands: [],
    options: NODE_OPTIONS,
    examples: ['status --url http://127.0.0.1:7780 --url http://127.0.0.1:7781'],
    run: status,
  },
  WHY_VERB,
  DIFF_STATE_VERB,
  {
    words: ['block'],
    title: 'Show a block: its hash, its roots, and who sealed it.',
    help: 'What the node says; ask several of them with --url, one at a time, to compare.',
    operands: [{ name: 'height', help: 'Height of the block.' }],
    options: NODE_OPTIONS,
    examples: ['block 17 --url http://127.0.0.1:7780'],
    run: block,
  },
  {
    words: ['receipt'],
    title: 'Show what became of a transaction.',
    operands: [{ name: 'id', help: 'Transaction id, 64 hexadecimal digits.' }],
    options: NODE_OPTIONS,
    run: receipt,
  },
  {
    words: ['events'],
    title: 'Follow the events of final blocks until Ctrl-C.',
    help:
      'Goes on by itself when connections break or nodes die; no event is lost or comes twice. With ' +
      '--json, one document a line; its cursor is what --after takes.',
    operands: [],
    options: {
      after: {
        value: 'CURSOR',
        help: 'Go on after this cursor or height; from now on if left out.',
      },
      contract: { value: 'NAME', help: 'Only events of this contract.' },
      event: { value: 'NAME', help: 'Only events of this name.' },
      blocks: { help: 'Also a line at the end of each block.' },
      limit: { value: 'COUNT', help: 'End after so many.' },
      ...NODE_OPTIONS,
    },
    examples: ['events --after 0 --contract treasury --json'],
    runsUntilTold: true,
    run: events,
  },
];
