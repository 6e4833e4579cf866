/**
 * Faults on real processes, disks and links of this machine (docs/reliability.md).
 *
 *   npm run faults                       all of them, in their long form: hours
 *   npm run faults -- --short            the short forms: minutes
 *   npm run faults -- --only F1,F7       some of them
 *   npm run faults -- --seed 7           other random choices
 *   npm run faults -- --only F2 --from 101 --to 150
 *                                        some of the places of one fault: kills, syncs, positions in
 *                                        each file; a place is the same in every part of a seed
 *   npm run faults -- --only F7 --kind 'joined node'
 *                                        damage to the kinds of files that are called so
 *
 * A machine without root, strace, faketime or iproute2 skips by name what needs them. The last line
 * says how many passed, failed and were skipped.
 */
import type { Fault, Part } from '../test/faults/fault.ts';
import { lackOf } from '../test/faults/machine.ts';
import { createRandom } from '../test/faults/random.ts';
import { FAULTS } from '../test/faults/table.ts';
import { numberOf, parseOptions } from './options.ts';

interface Row {
  readonly fault: Fault;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly seconds: number;
  readonly words: string;
}

const { values } = parseOptions(import.meta.filename, {
  options: {
    only: { type: 'string' },
    short: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    from: { type: 'string' },
    to: { type: 'string' },
    kind: { type: 'string' },
  },
});

function chosen(): readonly Fault[] {
  if (values.only === undefined) return FAULTS;
  return values.only.split(',').flatMap((id) => {
    const faults = FAULTS.filter((one) => one.id === id);
    if (faults.length > 0) return faults;
    const ids = [...new Set(FAULTS.map((one) => one.id))];
    throw new Error(`there is no fault ${id}; there are ${ids.join(', ')}`);
  });
}

/** What is played of a fault; undefined when all of it is. */
function partOf({ id, places }: Fault): Part | undefined {
  const { from, to, kind, short } = values;
  if (from === undefined && to === undefined && kind === undefined) return undefined;
  if (places === undefined) throw new Error(`${id} has no parts`);
  const all = places[short ? 'short' : 'long'];
  const part = { from: numberOf(from ?? '1', 'from'), to: numberOf(to ?? String(all), 'to') };
  if (part.from < 1 || part.to > all || part.from > part.to) {
    throw new Error(`${id} has the places 1 to ${all}`);
  }
  return { ...part, ...(kind !== undefined && { kind }) };
}

async function play(fault: Fault): Promise<Row> {
  const lack = lackOf(fault.needs);
  if (lack !== undefined) return { fault, outcome: 'skipped', seconds: 0, words: lack };
  const startedMs = performance.now();
  const secondsSince = (): number => Math.round((performance.now() - startedMs) / 1000);
  try {
    const part = partOf(fault);
    const words = await fault.run({
      short: values.short,
      ...(part && { part }),
      random: createRandom(numberOf(values.seed, 'seed')),
      tell: (text) => console.log(`  ${text}`),
    });
    return { fault, outcome: 'passed', seconds: secondsSince(), words };
  } catch (error) {
    console.log(error);
    const words = error instanceof Error ? error.message : String(error);
    return { fault, outcome: 'failed', seconds: secondsSince(), words };
  }
}

function render({ fault, outcome, seconds, words }: Row): string {
  return `${fault.id.padEnd(4)} ${outcome.padEnd(8)} ${String(seconds).padStart(5)} s  ${words}`;
}

const rows: Row[] = [];
for (const fault of chosen()) {
  console.log(`${fault.id}: ${fault.title}`);
  rows.push(await play(fault));
}
console.log(`\n${rows.map(render).join('\n')}`);
const count = (outcome: Row['outcome']): number =>
  rows.filter((row) => row.outcome === outcome).length;
console.log(`${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`);
process.exitCode = count('failed') === 0 ? 0 : 1;
