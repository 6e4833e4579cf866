/** The HTTP API as any client sees it: requests, and the few answers these tests read. */

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface HeadView {
  readonly height: number;
  readonly blockHash: string;
}

export interface StatusView {
  readonly head: HeadView;
  /** Since the head became final on this node. */
  readonly headAgeMs: number;
  readonly activity: string;
  readonly ready: boolean;
  readonly role: string;
  /** Why the node does not vote, when it should. */
  readonly hindrance?: string;
}

async function answerOf(response: Response): Promise<Answer> {
  const body = (await response.json()) as Answer['body'];
  return { status: response.status, body };
}

export async function getJson(apiUrl: string, path: string): Promise<Answer> {
  return await answerOf(await fetch(`${apiUrl}${path}`));
}

export async function getBytes(apiUrl: string, path: string): Promise<Uint8Array> {
  const response = await fetch(`${apiUrl}${path}`);
  if (response.status !== 200) throw new Error(`${path}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** Longest waiting that a node allows; a busy machine needs more than what a node waits by itself. */
const PATIENT = 'committed&timeoutMs=60000';

/** Hands in the wire bytes of one transaction. */
export async function postTransaction(
  apiUrl: string,
  bytes: Uint8Array,
  wait: 'none' | 'committed' | typeof PATIENT = 'committed',
): Promise<Answer> {
  const response = await fetch(`${apiUrl}/v1/transactions?wait=${wait}`, {
    method: 'POST',
    headers: { 'content-type': 'application/cbor' },
    body: bytes,
  });
  return await answerOf(response);
}

/** Hands in one transaction, and waits until it is final however long the machine takes. */
export async function commitTransaction(apiUrl: string, bytes: Uint8Array): Promise<Answer> {
  return await postTransaction(apiUrl, bytes, PATIENT);
}

export async function statusOf(apiUrl: string): Promise<StatusView> {
  const { body } = await getJson(apiUrl, '/v1/status');
  return body as unknown as StatusView;
}

export async function heightOf(apiUrl: string): Promise<number> {
  return (await statusOf(apiUrl)).head.height;
}

/** State roots of one height, as every given node tells them. */
export async function stateRootsAt(
  apiUrls: readonly string[],
  height: number,
): Promise<readonly string[]> {
  const blocks = apiUrls.map(async (apiUrl) => await getJson(apiUrl, `/v1/blocks/${height}`));
  return (await Promise.all(blocks)).map(({ body }) => String(body.stateRoot));
}
