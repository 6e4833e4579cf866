/** The API's `Chain` port over the block log: final blocks, their places, and who signed them. */
import type { Height, TransactionResult, ValidatorSet } from '@daybook/core';
import { assert, blockHash, decodeBlock, decodeCertificate } from '@daybook/core';
import type { BlockLog, FinalBlock as LoggedBlock } from '@daybook/state';
import type { BlockOutline, Chain, FinalBlock, Head } from '../api/ports.ts';
import type { BlockReader } from '../archive/block-reader.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { decodeStoredResult } from '../ledger/stored-result.ts';
import type { Tip } from '../ledger/tip.ts';

export interface ChainParts {
  readonly ledger: Ledger;
  readonly blockLog: Pick<BlockLog, 'heightOf'>;
  readonly blocks: BlockReader;
  /** The set that signs a height up to head + 1. */
  readonly validatorsAt: (height: Height) => Promise<ValidatorSet | undefined>;
}

/** The place in the chain that answers name. */
export function headOf({ header, hash }: Tip): Head {
  return { height: header.height, blockHash: hash, timestampMs: header.timestampMs };
}

function decodeLogged(stored: LoggedBlock): BlockOutline & Pick<FinalBlock, 'body'> {
  const block = decodeBlock(stored.bytes);
  assert(block.ok, 'a logged block decodes');
  const { header, body } = block.value;
  return { header, body, blockHash: blockHash(header), transactionCount: body.length };
}

function resultsOf(stored: LoggedBlock): readonly TransactionResult[] {
  return stored.results.map((bytes) => decodeStoredResult(bytes).result);
}

function certificateOf({ certificate }: LoggedBlock): FinalBlock['certificate'] {
  if (certificate.length === 0) return undefined;
  const decoded = decodeCertificate(certificate);
  assert(decoded.ok, 'a logged certificate decodes');
  return decoded.value;
}

export function createChain({ ledger, blockLog, blocks, validatorsAt }: ChainParts): Chain {
  const outline = async (height: Height): Promise<BlockOutline | undefined> => {
    const stored = await blocks.readBlock(height);
    return stored && decodeLogged(stored);
  };
  return {
    genesis: ledger.genesis,
    parameters: () => ledger.head().next.parameters,
    head: () => headOf(ledger.head()),
    outline,
    block: async (height) => {
      const stored = await blocks.readBlock(height);
      if (stored === undefined) return undefined;
      const certificate = certificateOf(stored);
      return { ...decodeLogged(stored), certificate, results: resultsOf(stored) };
    },
    heightOf: async (hash) => blockLog.heightOf(hash),
    locate: (id) => blocks.locate(id),
    validatorsAt,
  };
}
