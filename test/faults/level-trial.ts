/**
 * LevelDB asserts what it reads, and ends the process when damage breaks an assertion. So a process of
 * its own reads a damaged database first: nothing is served by one that ends.
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';

/** classic-level is a dependency of the state package. */
const require = createRequire(path.join(import.meta.dirname, '../../packages/state/package.json'));

const SCRIPT = `
import { createRequire } from 'node:module';
const { ClassicLevel } = createRequire(import.meta.url)(process.argv[1]);
const level = new ClassicLevel(process.argv[2], { keyEncoding: 'view', valueEncoding: 'view' });
try {
  await level.open();
  for await (const entry of level.iterator());
  await level.close();
} catch {
  // Refused with a message: then the node that opens it says so.
}
`;

/** Whether reading a database from end to end ends the process. */
export function endsProcess(directory: string): boolean {
  const flags = ['--input-type=module', '--eval', SCRIPT];
  const operands = [require.resolve('classic-level'), directory];
  const { signal, error } = spawnSync(process.execPath, [...flags, ...operands]);
  if (error !== undefined) throw error;
  return signal !== null;
}
