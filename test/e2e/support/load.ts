/** Payments handed in one after the other by several clients at once, and which of them were promised. */
import { postTransaction } from './api.ts';
import { signedPayment } from './fund.ts';
import type { Signing } from './transactions.ts';

export interface Load {
  /** Names of payments that a node answered as final. */
  readonly promised: readonly string[];
  /** Milliseconds from handing in to that answer, in the order of the answers. */
  readonly finalityMs: readonly number[];
  /** Lets requests under way end. @throws what a request failed with, unless its node was down */
  stop(): Promise<void>;
}

export interface LoadOptions {
  /** Each is used by one client. */
  readonly apiUrls: readonly string[];
  readonly clientsPerNode: number;
  /** Begins every payment's name. */
  readonly prefix: string;
}

const DOWN_PAUSE_MS = 100;

/** Starts paying; the fund must be open. */
export function startLoad(signing: Signing, options: LoadOptions): Load {
  const promised: string[] = [];
  const finalityMs: number[] = [];
  let isStopping = false;

  const payOnce = async (apiUrl: string, name: string): Promise<void> => {
    const { bytes } = signedPayment(signing, name);
    const sentMs = performance.now();
    const { status, body } = await postTransaction(apiUrl, bytes);
    // Waiting and overloaded are answers, too: nothing was promised.
    if (status === 202 || status === 503) return;
    if (status !== 200) throw new Error(`payment ${name}: ${JSON.stringify(body)}`);
    promised.push(name);
    finalityMs.push(performance.now() - sentMs);
  };
  const pay = async (apiUrl: string, client: string): Promise<void> => {
    for (let number = 0; !isStopping; number++) {
      try {
        await payOnce(apiUrl, `${options.prefix}-${client}-${number}`);
      } catch (error) {
        // A killed node answers nothing, and then nothing was promised.
        if (!(error instanceof TypeError)) throw error;
        await new Promise((resolve) => setTimeout(resolve, DOWN_PAUSE_MS));
      }
    }
  };
  const clients = options.apiUrls.flatMap((apiUrl, node) =>
    Array.from({ length: options.clientsPerNode }, (_, index) => pay(apiUrl, `${node}-${index}`)),
  );
  return {
    promised,
    finalityMs,
    stop: async () => {
      isStopping = true;
      await Promise.all(clients);
    },
  };
}
