/**
 * Proofs kept when findings were opened. Nodes keep the state of a past height for a while only; a
 * proof that was taken in time proves the cited version for ever, whatever became of the record.
 */
import path from 'node:path';
import type { Trust } from '@daybook/client';
import { verifyProofBundle } from '@daybook/client';
import { encodeUtf8, sha256, toHex } from '@daybook/core';
import { CliError } from '../errors.ts';
import { readBytes, writeOut } from '../files.ts';
import type { World } from '../frame/world.ts';
import type { CitedRecord, Proof, ProvenCitation } from './cited.ts';
import { citeProven, isInForce, judge } from './cited.ts';

const NAME_DIGITS = 40;

/** A folder with a file for each citation; what one run has kept another may use. */
export interface KeptProofs {
  /** Keeps the proof of a citation; writing the same again changes nothing that matters. */
  keep(cited: CitedRecord, proof: Proof): Promise<void>;
  /** The proof of a citation, judged again; undefined if none is kept, or it is of something else. */
  recall(cited: CitedRecord, trust: Trust): Promise<ProvenCitation | undefined>;
}

export function keptProofsIn(folder: string, world: World): KeptProofs {
  const fileOf = ({ record, height }: CitedRecord): string => {
    const name = toHex(sha256(encodeUtf8(`${record} ${height}`))).slice(0, NAME_DIGITS);
    return path.join(folder, `${name}.proof`);
  };
  return {
    keep: async (cited, { bytes }) => await writeOut(fileOf(cited), bytes, world),
    recall: async (cited, trust) => {
      const bytes = await readIfThere(fileOf(cited));
      return bytes && (await judgeKept(bytes, cited, trust));
    },
  };
}

async function readIfThere(file: string): Promise<Uint8Array | undefined> {
  try {
    return await readBytes(file);
  } catch (error) {
    const failure = error instanceof CliError ? error.failure : undefined;
    if (failure?.code === 'CLI_FILE_FAILED' && failure.systemCode === 'ENOENT') return undefined;
    throw error;
  }
}

/** What a kept proof says of a citation; undefined if it proves nothing of that record and height. */
export async function judgeKept(
  bytes: Uint8Array,
  cited: CitedRecord,
  trust: Trust,
): Promise<ProvenCitation | undefined> {
  const verdict = verifyProofBundle(bytes, trust);
  if (verdict.outcome === 'invalid') return undefined;
  const isMeant = (await citeProven(verdict.facts.record)) === cited.record;
  if (!isMeant || !isInForce(verdict, cited.height)) return undefined;
  return judge('kept', { bytes, verdict }, cited);
}
