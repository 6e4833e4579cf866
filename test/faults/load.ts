/**
 * Clients that never give a payment up: the same bytes go to one node after the other until one
 * answers that they are final. So in the end every payment handed in is final, and exactly once.
 */
import { signedPayment } from '../e2e/support/fund.ts';
import type { Signed, Signing } from '../e2e/support/transactions.ts';

/** Where a node said that a transaction stands. */
export interface Place {
  readonly height: number;
  readonly index: number;
}

export interface FaultLoad {
  /** Every payment that was handed in, by id, with its place as soon as a node told it. */
  readonly payments: ReadonlyMap<string, Place | undefined>;
  /** Milliseconds from first handing in to final, in the order of the answers. */
  readonly finalityMs: readonly number[];
  /** Ends when every payment is final. @throws Error naming what was refused or is not final */
  stop(withinMs: number): Promise<void>;
}

export interface FaultLoadOptions {
  readonly apiUrls: readonly string[];
  readonly clients: number;
  /** Between two payments of a client. */
  readonly pauseMs: number;
  readonly prefix: string;
}

/** Longer than any outage: what was handed in before one is final after it. */
export const VALID_MS = 3_000_000;

const ATTEMPT_MS = 5000;
const RETRY_MS = 100;
/** Answers that are no verdict on the payment: wait, or ask another node. */
const PASSING = [202, 408, 429, 503];

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

async function ask(url: string, request: RequestInit): Promise<Answer | undefined> {
  try {
    const response = await fetch(url, { ...request, signal: AbortSignal.timeout(ATTEMPT_MS) });
    return { status: response.status, body: (await response.json()) as Answer['body'] };
  } catch {
    // A node that is down, stopped or cut off answers nothing: the next one is asked.
    return undefined;
  }
}

async function attempt(apiUrl: string, { id, bytes }: Signed): Promise<Place | undefined> {
  const headers = { 'content-type': 'application/cbor' };
  const path = '/v1/transactions?wait=committed&timeoutMs=4000';
  let answer = await ask(`${apiUrl}${path}`, { method: 'POST', headers, body: bytes });
  // Final since another attempt: its receipt says where.
  if (answer?.body.code === 'NODE_TRANSACTION_REPLAYED') {
    answer = await ask(`${apiUrl}/v1/transactions/${id}`, {});
  }
  if (answer === undefined || PASSING.includes(answer.status)) return undefined;
  const { status, body } = answer;
  if (status === 200) return { height: Number(body.height), index: Number(body.index) };
  throw new Error(`a payment was refused: ${JSON.stringify(body)}`);
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Hands the same bytes in at one node after the other until they are final.
 * @returns where they stand, or undefined when the time is over
 */
export async function untilFinal(
  transaction: Signed,
  apiUrls: readonly string[],
  isOver: () => boolean,
): Promise<Place | undefined> {
  for (let node = 0; !isOver(); node += 1) {
    const place = await attempt(apiUrls[node % apiUrls.length] ?? '', transaction);
    if (place !== undefined) return place;
    await pause(RETRY_MS);
  }
  return undefined;
}

/** Starts paying; the fund must be open. */
export function startFaultLoad(signing: Signing, options: FaultLoadOptions): FaultLoad {
  const { apiUrls, clients, pauseMs, prefix } = options;
  const payments = new Map<string, Place | undefined>();
  const finalityMs: number[] = [];
  let isStopping = false;
  let deadline = Number.POSITIVE_INFINITY;

  const pay = async (client: number, number: number): Promise<void> => {
    const validUntilMs = Date.now() + VALID_MS;
    const payment = signedPayment(signing, `${prefix}-${client}-${number}`, { validUntilMs });
    const { id } = payment;
    payments.set(id, undefined);
    const startedMs = performance.now();
    const own = [...apiUrls.slice(client % apiUrls.length), ...apiUrls];
    const place = await untilFinal(payment, own, () => performance.now() >= deadline);
    if (place !== undefined) {
      payments.set(id, place);
      finalityMs.push(performance.now() - startedMs);
      return;
    }
    throw new Error(`payment ${prefix}-${client}-${number} is not final`);
  };
  const run = async (client: number): Promise<void> => {
    for (let number = 0; !isStopping; number += 1) {
      await pay(client, number);
      await pause(pauseMs);
    }
  };
  const running = Promise.all(Array.from({ length: clients }, (_, client) => run(client)));
  // Whoever stops the load learns of the failure.
  running.catch(() => undefined);
  return {
    payments,
    finalityMs,
    stop: async (withinMs) => {
      isStopping = true;
      deadline = performance.now() + withinMs;
      await running;
    },
  };
}
