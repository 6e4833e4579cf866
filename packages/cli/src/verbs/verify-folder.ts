/** One verdict on a folder of evidence. */
import type { Trust } from '@daybook/client';
import { openEvidenceFolder } from '../audit/evidence-folder.ts';
import type { EvidenceFacts } from '../audit/evidence-words.ts';
import { describeEvidence, explainEvidence } from '../audit/evidence-words.ts';
import { verifyEvidence } from '../audit/verify-evidence.ts';
import { languageOf } from '../connect.ts';
import type { Exit } from '../exit-codes.ts';
import type { Input } from '../frame/input.ts';
import type { World } from '../frame/world.ts';
import { answer } from '../print.ts';
import { exitOfVerdict, verdictLines } from './verdict-lines.ts';

/** Shows what a folder of evidence proves. @throws CliError when it cannot be read */
export async function verifyFolder(
  folder: string,
  trust: Trust,
  { input, world }: { readonly input: Input; readonly world: World },
): Promise<Exit> {
  const verdict = await verifyEvidence(await openEvidenceFolder(folder), trust);
  const { outcome, reasons, facts } = verdict;
  const language = languageOf(input);
  answer(input, world, {
    json: { folder, kind: 'evidence', outcome, reasons, ...(facts && jsonOf(facts)) },
    lines: (paint) =>
      verdictLines(verdict, explainEvidence(verdict, language), {
        facts: facts === undefined ? [] : describeEvidence(facts, language),
        paint,
      }),
  });
  return exitOfVerdict(verdict);
}

function jsonOf({ frame, ...counts }: EvidenceFacts): Readonly<Record<string, unknown>> {
  const { header, blockHash } = frame.block;
  const { height, timestampMs } = header;
  return {
    ...counts,
    chain: frame.chain,
    chainName: frame.chainName,
    height,
    blockHash,
    timestampMs,
  };
}
