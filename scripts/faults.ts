/**
 * Faults on real processes, disks and links of this machine (docs/reliability.md).
 *
 *   npm run faults                       all of them, in their long form: hours
 *   npm run faults -- --short            the short forms: minutes
 *   npm run faults -- --only F1,F7       some of them
 *   npm run faults -- --seed 7           other random choices
 *
 * A machine without root, strace or faketime skips by name what needs them. The last line says how
 * many passed, failed and were skipped.
 */
import type { Fault } from '../test/faults/fault.ts';
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
  },
});

function chosen(): readonly Fault[] {
  if (values.only === undefined) return FAULTS;
  return values.only.split(',').map((id) => {
    const fault = FAULTS.find((one) => one.id === id);
    if (fault !== undefined) return fault;
    throw new Error(`there is no fault ${id}; there are ${FAULTS.map((one) => one.id).join(', ')}`);
  });
}

async function play(fault: Fault): Promise<Row> {
  const lack = lackOf(fault.needs);
  if (lack !== undefined) return { fault, outcome: 'skipped', seconds: 0, words: lack };
  const startedMs = performance.now();
  const secondsSince = (): number => Math.round((performance.now() - startedMs) / 1000);
  try {
    const words = await fault.run({
      short: values.short,
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
