/** Comparing the states of two nodes, record by record where they differ. */
import type { Client, StateDifference } from '@daybook/client';
import { createClient, diffStates } from '@daybook/client';
import type { ManifestContract } from '@daybook/contracts';
import { keyToJson } from '@daybook/contracts';
import { ROOT_PLACE, toHex } from '@daybook/core';
import { checkedUrl } from '../connect.ts';
import type { Exit } from '../exit-codes.ts';
import type { Input } from '../frame/input.ts';
import { renderTable } from '../frame/style.ts';
import type { Verb } from '../frame/verb.ts';
import type { World } from '../frame/world.ts';
import { answer } from '../print.ts';

const SHOWN_DEFAULT = 10;
const SHOWN_MAX = 10_000;

async function diffState(input: Input, world: World): Promise<Exit> {
  const clientOf = (name: string): Client =>
    createClient({ urls: [checkedUrl(input.operand(name), name.toUpperCase())] });
  const [left, right] = [clientOf('left'), clientOf('right')];
  const limit = input.integer('limit', { min: 1, max: SHOWN_MAX }) ?? SHOWN_DEFAULT;
  const height =
    input.integer('height', { min: 0, max: Number.MAX_SAFE_INTEGER }) ??
    Math.min(...(await Promise.all([left, right].map(headOf))));
  const roots = await Promise.all(
    [left, right].map((client) => client.subtree(ROOT_PLACE, height)),
  );
  const [a = '', b = ''] = roots.map(({ stateRoot }) => toHex(stateRoot));
  const found: StateDifference[] = [];
  if (a !== b) {
    for await (const difference of diffStates(left.subtree, right.subtree, height)) {
      found.push(difference);
      if (found.length === limit) break;
    }
  }
  const { contracts } = await left.manifest();
  const named = found.map((difference) => ({ ...difference, ...nameOf(difference, contracts) }));
  answer(input, world, {
    json: { height, stateRoots: [a, b], same: a === b, differences: named },
    lines: (paint) => {
      if (a === b) return paint('green', `Equal at block ${height}: state root ${a}.`);
      const rows = named.map(({ record, fields, left: here, right: there }) => [
        record,
        fields,
        here === undefined ? 'not there' : toHex(here).slice(0, 16),
        there === undefined ? 'not there' : toHex(there).slice(0, 16),
      ]);
      const first = paint('red', `The states after block ${height} differ: ${a} and ${b}.`);
      return [first, '', renderTable(['Record', 'Key', 'Left', 'Right'], rows, paint)].join('\n');
    },
  });
  return a === b ? 'done' : 'refused';
}

async function headOf(client: Client): Promise<number> {
  return (await client.status()).head.height;
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

export const DIFF_STATE_VERB: Verb = {
  words: ['diff-state'],
  title: 'Compare the states of two nodes down to the records that differ.',
  help:
    'Asks both for one height, the lower of their heads if none is given, and follows only what ' +
    'differs. Two correct nodes never differ: if yours does, keep its data directory, and run ' +
    'daybookd check --deep.',
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
