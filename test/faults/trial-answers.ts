/** What a sound node answers to everything it can be asked, and how a damaged one differs from it. */
import { createHash } from 'node:crypto';
import { Agent, get } from 'node:http';
import { paymentPath } from '../e2e/support/fund.ts';

/** Each in one text that begins with the status, by path; what changes with the clock is left out. */
export interface Answers {
  readonly height: number;
  readonly byPath: ReadonlyMap<string, string>;
}

export interface Difference {
  /** Answers that refuse by name, as they were. */
  readonly refusals: readonly string[];
  /** The end of the chain is gone: a node fetches it again from others. */
  readonly isShorter: boolean;
  /** An answer that contradicts the sound one. */
  readonly wrong: string | undefined;
}

/** Every so many blocks one is asked for by itself; the list shows all of them. */
const STEP = 16;
const CHANGING = ['head', 'confirmations', 'requestId', 'instance'];

/** @param payments  names of payments that are final there */
export async function askEverything(
  apiUrl: string,
  height: number,
  payments: readonly string[],
): Promise<Answers> {
  const paths = [
    '/v1/blocks?order=oldest&limit=200',
    ...Array.from({ length: Math.ceil(height / STEP) }, (_, at) => `/v1/blocks/${at * STEP}`),
    ...payments.flatMap((name) => [paymentPath(name), `${paymentPath(name)}?proof=bundle`]),
    `/v1/contracts/treasury/payment?limit=200&at=${height}`,
    '/v1/checkpoint',
    `/v1/state?height=${height}`,
    `/v1/consistency?from=100&to=${height}`,
  ];
  const byPath = new Map<string, string>();
  await withConnection(async (agent) => {
    for (const path of paths) byPath.set(path, await ask(new URL(path, apiUrl), agent));
  });
  return { height, byPath };
}

export async function compareAnswers(
  apiUrl: string,
  sound: Answers,
  height: number,
): Promise<Difference> {
  const refusals: string[] = [];
  const isShorter = height < sound.height;
  return await withConnection(async (agent) => {
    for (const [path, expected] of sound.byPath) {
      const found = await ask(new URL(path, apiUrl), agent);
      if (found === expected) continue;
      if (isRefusal(path, found)) refusals.push(`${path}: ${found}`);
      else if (!isShorter) {
        return { refusals, isShorter, wrong: `${path}: ${found}, not ${expected}` };
      }
    }
    return { refusals, isShorter, wrong: undefined };
  });
}

/** A checkpoint may be gone, which must be said; validators sign the next one. */
function isRefusal(path: string, answer: string): boolean {
  const status = Number(answer.slice(0, 3));
  return status >= 500 || (path === '/v1/checkpoint' && status === 404);
}

/** One connection for all questions to one node: the next node listens at the same address. */
async function withConnection<T>(use: (agent: Agent) => Promise<T>): Promise<T> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    return await use(agent);
  } finally {
    agent.destroy();
  }
}

async function ask(url: URL, agent: Agent): Promise<string> {
  const { status, type, bytes } = await fetchBytes(url, agent);
  if (!type.includes('json')) {
    return `${status} ${createHash('sha256').update(bytes).digest('hex')}`;
  }
  const body = JSON.parse(bytes.toString());
  const lasting = Object.entries(body).filter(([name]) => !CHANGING.includes(name));
  return `${status} ${JSON.stringify(Object.fromEntries(lasting))}`;
}

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly bytes: Buffer;
}

function fetchBytes(url: URL, agent: Agent): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => {
        const type = response.headers['content-type'] ?? '';
        resolve({ status: response.statusCode ?? 0, type, bytes: Buffer.concat(parts) });
      });
    });
    request.on('error', reject);
  });
}
