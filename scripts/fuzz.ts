/**
 * Fuzzes every decoder of foreign bytes (docs/reliability.md, I19).
 *
 *   npm run fuzz                               ten minutes of processor time for each target
 *   npm run fuzz -- --seconds 60               so many seconds for each
 *   npm run fuzz -- --only 'message,note'      some of them, by name
 *   npm run fuzz -- --seed 7                   other random choices, or those of a failure
 *   npm run fuzz -- --only note --input 6e6f   one input, in hex: whether it is accepted
 *
 * A line for each target, and a last one for all. A fault is shown with its input in hex.
 */
import { randomInt } from 'node:crypto';
import { createPrng } from '@daybook/testkit';
import { fuzz, renderFault, threadCpuMs } from '../test/fuzz/fuzz.ts';
import { gatherTargets } from '../test/fuzz/targets.ts';
import { numberOf, parseOptions } from './options.ts';

const { values } = parseOptions(import.meta.filename, {
  options: {
    seconds: { type: 'string', default: '600' },
    only: { type: 'string' },
    seed: { type: 'string' },
    input: { type: 'string' },
  },
});

const seed = values.seed === undefined ? randomInt(2 ** 31) : numberOf(values.seed, 'seed');
const budgetMs = 1000 * numberOf(values.seconds, 'seconds');
const names = values.only?.split(',').map((name) => name.trim());

const all = await gatherTargets();
const targets = all.filter(({ name }) => names === undefined || names.includes(name));
const unknown = names?.filter((name) => !all.some((target) => target.name === name)) ?? [];
if (unknown.length > 0) {
  const known = all.map(({ name }) => name).join(', ');
  process.stderr.write(`no target ${unknown.join(', ')}; there are: ${known}\n`);
  process.exit(2);
}

let inputs = 0;
let faults = 0;
for (const target of targets) {
  const given = values.input === undefined ? undefined : Buffer.from(values.input, 'hex');
  const options = { prng: createPrng(seed).fork(target.name), budgetMs, nowMs: threadCpuMs };
  const report =
    given === undefined
      ? fuzz(target, options)
      : fuzz({ ...target, samples: [Uint8Array.from(given)] }, { ...options, budgetMs: 0 });
  inputs += report.inputs;
  const { accepted, refusals, fault } = report;
  const counts = `${report.inputs} inputs, ${accepted} accepted, ${refusals} kinds of refusals`;
  process.stdout.write(`${target.name}: ${counts}\n`);
  if (fault === undefined) continue;
  faults++;
  process.stdout.write(`${renderFault(target, fault, seed)}\n`);
}
process.stdout.write(
  `${targets.length} targets, ${inputs} inputs, ${faults} faults (seed ${seed})\n`,
);
process.exitCode = faults === 0 ? 0 : 1;
