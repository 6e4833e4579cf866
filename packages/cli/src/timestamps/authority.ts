/**
 * A time-stamp authority on the ledger (RFC 3161): each token is registered before it is signed, so
 * that its number and its time are those of the chain, and anybody sees what the authority issued.
 * Requests that wait while a block is made travel together in the next transaction.
 */
import type { Client, TransactionAuthor } from '@daybook/client';
import type { Result } from '@daybook/core';
import { fail, ok } from '@daybook/core';
import type { TimeStampRequest, TspRefusal } from '@daybook/formats';

export interface AuthorityOptions {
  /** Organisation whose tokens they are. */
  readonly organisation: string;
  /** Dotted identifier of the policy. */
  readonly policy: string;
  /** With the role `timestamps.authority`. */
  readonly author: TransactionAuthor;
}

/** What the ledger gave a request. */
export interface Registered {
  readonly serialNumber: number;
  readonly genTimeMs: number;
}

export interface TimeStampAuthority {
  /** Registers a token; a refusal when the chain does not answer, or too many wait. */
  register(request: TimeStampRequest): Promise<Result<Registered, TspRefusal>>;
}

/** Tokens of one transaction. */
const TOKENS_MAX = 64;
const WAITING_MAX = 1024;
/** Another process of the same authority may take a number first. */
const TRIES_MAX = 3;
const SERIAL_TAKEN = 'TIMESTAMPS_SERIAL_WRONG';

type ResultAt = (at: number) => Result<Registered, TspRefusal>;

interface Waiting {
  readonly request: TimeStampRequest;
  readonly settle: (result: Result<Registered, TspRefusal>) => void;
}

export async function createAuthority(
  client: Client,
  options: AuthorityOptions,
): Promise<TimeStampAuthority> {
  const { timestamps } = await import('@daybook/applications');
  const { calls, manifest } = client.contractOf(timestamps);
  const { organisation, policy, author } = options;
  const tokens = client.contractBy(manifest).records('tokenCounts');
  const waiting: Waiting[] = [];
  let isWorking = false;

  const nextNumber = async (): Promise<number> => {
    const found = await tokens.get({ authority: organisation });
    return Number(found?.row.count ?? 0) + 1;
  };

  /** @returns the result of each request by its place */
  const registerAll = async (requests: readonly TimeStampRequest[]): Promise<ResultAt> => {
    let fact = '';
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const first = await nextNumber();
      const issued = requests.map(({ hashAlgorithm, hashedMessage, nonce }, at) => {
        const numbered = { authority: organisation, serialNumber: first + at, policy };
        return calls.issue({ ...numbered, hashAlgorithm, hashedMessage, ...(nonce && { nonce }) });
      });
      const outcome = await client.perform([author], issued);
      if (outcome.state === 'committed') {
        const { timestampMs } = outcome.receipt;
        return (at) => ok({ serialNumber: first + at, genTimeMs: timestampMs });
      }
      fact = outcome.state === 'refused' ? outcome.problem.title : `the token is ${outcome.state}`;
      if (outcome.state !== 'refused' || outcome.problem.code !== SERIAL_TAKEN) break;
    }
    return () => fail({ refusal: 'timeNotAvailable', fact });
  };

  const work = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting.splice(0, TOKENS_MAX);
      // Whatever a client throws, no node of this chain answers.
      const resultAt = await registerAll(batch.map(({ request }) => request)).catch(
        (error: unknown): ResultAt => {
          const fact = error instanceof Error ? error.message : String(error);
          return () => fail({ refusal: 'timeNotAvailable', fact });
        },
      );
      for (const [at, { settle }] of batch.entries()) settle(resultAt(at));
    }
  };

  return {
    register: async (request) => {
      if (waiting.length >= WAITING_MAX) {
        return fail({ refusal: 'systemFailure', fact: 'too many requests wait; ask again later' });
      }
      const answer = new Promise<Result<Registered, TspRefusal>>((settle) => {
        waiting.push({ request, settle });
      });
      if (!isWorking) {
        isWorking = true;
        void work().finally(() => {
          isWorking = false;
        });
      }
      return await answer;
    },
  };
}
