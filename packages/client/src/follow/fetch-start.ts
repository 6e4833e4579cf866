/** Asking nodes for what a trusted start needs besides what was vouched for; all of it is checked. */
import type { Hash, Height, Result, WitnessPolicy } from '@daybook/core';
import { fail, ok, readCheckpointNote } from '@daybook/core';
import type { Client } from '../client.ts';
import type { UndecidedReason, VerifyFailure } from '../errors.ts';
import type { ServedBlock, TrustedStart } from '../verify/start.ts';
import { startAtBlock, startAtWitnesses } from '../verify/start.ts';

type Start = Result<TrustedStart, VerifyFailure | UndecidedReason>;

/** @throws ClientError when no node answers */
export async function fetchStartAtBlock(
  client: Pick<Client, 'block' | 'validators'>,
  vouched: { readonly height: Height; readonly blockHash: Hash; readonly era?: Hash },
): Promise<Start> {
  const served = await serve(client, vouched.height);
  return served.ok ? startAtBlock(vouched, served.value) : served;
}

/** From the newest checkpoint of a node that enough witnesses have cosigned. @throws ClientError when no node answers */
export async function fetchStartAtWitnesses(
  client: Pick<Client, 'block' | 'validators' | 'checkpoint' | 'inclusion'>,
  trust: { readonly chain: Hash; readonly policy: WitnessPolicy; readonly nowMs: number },
): Promise<Start> {
  // Who cosigned shows when it is verified: the node counts those that the consortium registers.
  const { needed } = trust.policy;
  const note = await client.checkpoint(undefined, needed);
  const read = note && readCheckpointNote(note);
  if (note === undefined || read?.ok !== true) {
    return fail({
      code: 'CLIENT_WITNESSES_MISSING',
      fact: `no node has a checkpoint that ${needed} witnesses cosigned`,
    });
  }
  const { size } = read.value.head;
  const served = await serve(client, size - 1);
  if (!served.ok) return served;
  const { path } = await client.inclusion(size - 1, size);
  return startAtWitnesses(note, trust, { ...served.value, path });
}

async function serve(
  client: Pick<Client, 'block' | 'validators'>,
  height: Height,
): Promise<Result<ServedBlock, VerifyFailure>> {
  const block = await client.block(height);
  if (block === undefined) {
    return fail({ code: 'CLIENT_HEADER_MALFORMED', fact: `no node has block ${height}` });
  }
  const { validators } = await client.validators(height + 1);
  const next = validators.map(({ id, publicKey }) => [id, publicKey] as const);
  return ok({ header: block.headerBytes, next });
}
