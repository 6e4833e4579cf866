/** Comparing the states of two nodes, record by record where they differ. */
import type { Client, ComparedState, StateDifference } from '@daybook/client';
import { ClientError, createClient, diffStates } from '@daybook/client';
import type { ManifestContract } from '@daybook/contracts';
import { keyToJson } from '@daybook/contracts';
import { equalBytes, ROOT_PLACE, toHex } from '@daybook/core';
import { knownContracts } from '../actions/contracts.ts';
import { checkedUrl } from '../connect.ts';
import { CliError } from '../errors.ts';
import type { Exit } from '../exit-codes.ts';
import type { Input } from '../frame/input.ts';
import type { Paint } from '../frame/style.ts';
import { renderTable } from '../frame/style.ts';
import type { Verb } from '../frame/verb.ts';
import type { World } from '../frame/world.ts';
import { answer } from '../print.ts';

const SHOWN_DEFAULT = 10;
const SHOWN_MAX = 10_000;

async function diffState(input: Input, world: World): Promise<Exit> {
  const left = nodeNamed(input, 'left');
  const right = nodeNamed(input, 'right');
  const limit = input.integer('limit', { min: 1, max: SHOWN_MAX }) ?? SHOWN_DEFAULT;
  const asked = input.integer('height', { min: 0, max: Number.MAX_SAFE_INTEGER });
  await refuseOtherChain(left, right);
  const nodes = [left, right];
  const height = asked ?? Math.min(...(await Promise.all(nodes.map(headOf))));
  const [a, b] = await Promise.all([stateOf(left, height), stateOf(right, height)]);
  const isSame = equalBytes(a.stateRoot, b.stateRoot);
  const found = isSame ? [] : await differencesOf([a, b], height, limit);
  const contracts = found.length === 0 ? [] : await contractsOf(nodes);
  const named = found.map((difference) => ({ ...difference, ...nameOf(difference, contracts) }));
  const stateRoots = [toHex(a.stateRoot), toHex(b.stateRoot)];
  answer(input, world, {
    json: { height, stateRoots, same: isSame, differences: named },
    lines: (paint) => {
      const roots = stateRoots.join(' and ');
      if (isSame) return paint('green', `Equal at block ${height}: state root ${stateRoots[0]}.`);
      const first = paint('red', `The states after block ${height} differ: ${roots}.`);
      if (named.length === 0) return `${first}\n${NO_RECORD_DIFFERS}`;
      return [first, '', differencesText(named, paint)].join('\n');
    },
  });
  return isSame ? 'done' : 'refused';
}

const NO_RECORD_DIFFERS = 'No record differs: one of them builds its tree wrongly.';

interface Node {
  readonly url: string;
  readonly client: Client;
}

function nodeNamed(input: Input, operand: 'left' | 'right'): Node {
  const url = checkedUrl(input.operand(operand), operand.toUpperCase());
  return { url, client: createClient({ urls: [url] }) };
}

/** Records of two chains differ all over, which says nothing about either. */
async function refuseOtherChain(left: Node, right: Node): Promise<void> {
  const [a, b] = await Promise.all([left.client.chain(), right.client.chain()]);
  if (equalBytes(a, b)) return;
  const nodes = [
    { url: left.url, chain: toHex(a) },
    { url: right.url, chain: toHex(b) },
  ];
  throw new CliError({ code: 'CLI_CHAINS_DIFFER', nodes });
}

async function headOf({ client }: Node): Promise<number> {
  return (await client.status()).head.height;
}

async function stateOf({ client }: Node, height: number): Promise<ComparedState> {
  const { stateRoot } = await client.subtree(ROOT_PLACE, height);
  return { stateRoot, subtree: client.subtree };
}

async function differencesOf(
  [left, right]: readonly [ComparedState, ComparedState],
  height: number,
  limit: number,
): Promise<readonly StateDifference[]> {
  const found: StateDifference[] = [];
  for await (const difference of diffStates(left, right, height)) {
    found.push(difference);
    if (found.length === limit) break;
  }
  return found;
}

/**
 * Words for the records, of the first node that proves its manifest. At genesis none can, and a node
 * whose state is wrong cannot either: this release's own words do then, and what differs is shown.
 */
async function contractsOf(nodes: readonly Node[]): Promise<readonly ManifestContract[]> {
  for (const { client } of nodes) {
    try {
      return (await client.manifest()).contracts;
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
    }
  }
  return await knownContracts();
}

/** The record and its key in the words of its contract, or as they are stored. */
function nameOf({ key }: StateDifference, contracts: readonly ManifestContract[]) {
  for (const contract of contracts) {
    const spec = Object.values(contract.records).find(({ set }) => set === key.set);
    const fields = spec && keyToJson(spec, key.key);
    if (spec === undefined || fields === undefined) continue;
    return { record: `${contract.name}.${spec.name}`, fields: Object.values(fields).join(' ') };
  }
  return { record: `set ${key.set}`, fields: toHex(key.key) };
}

type Named = StateDifference & ReturnType<typeof nameOf>;

function differencesText(named: readonly Named[], paint: Paint): string {
  const rows = named.map(({ record, fields, left, right }) => [
    record,
    fields,
    left === undefined ? 'not there' : toHex(left).slice(0, 16),
    right === undefined ? 'not there' : toHex(right).slice(0, 16),
  ]);
  return renderTable(['Record', 'Key', 'Left', 'Right'], rows, paint);
}

export const DIFF_STATE_VERB: Verb = {
  words: ['diff-state'],
  title: 'Compare the states of two nodes down to the records that differ.',
  help:
    'Asks both for one height, the lower of their heads if none is given, and follows only what ' +
    'differs; each part that a node shows must lead to its state root. Nodes of two chains are ' +
    'refused (code 4), and so is a node that shows a wrong part. Two correct nodes never differ ' +
    '(code 1): if yours does, keep its data directory, and run daybookd check --deep.',
  operands: [
    { name: 'left', help: 'Address of one node.' },
    { name: 'right', help: 'Address of the other.' },
  ],
  options: {
    height: { value: 'HEIGHT', help: 'State after this block, as long as both keep it.' },
    limit: { value: 'COUNT', help: 'Most records shown.', default: String(SHOWN_DEFAULT) },
  },
  examples: ['diff-state http://127.0.0.1:7780 http://127.0.0.1:7781'],
  run: diffState,
};
