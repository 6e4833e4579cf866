/**
 * Compares every transcript with what the machine does now, or writes them anew:
 *   node --conditions=source packages/consensus/test/transcripts.ts [--rewrite]
 * Commit a changed transcript only if you understand the difference and want it.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { playTranscript } from './harness/transcript.ts';

const DIRECTORY = new URL('./transcripts/', import.meta.url);
const rewrite = process.argv.includes('--rewrite');

for (const name of readdirSync(DIRECTORY).sort()) {
  const file = new URL(name, DIRECTORY);
  const recorded = readFileSync(file, 'utf8');
  const played = playTranscript(recorded);
  if (played === recorded) continue;
  process.stdout.write(`${rewrite ? 'rewritten' : 'different'}: ${name}\n`);
  if (rewrite) writeFileSync(file, played);
  else process.exitCode = 1;
}
