/** Where a simulated node keeps what it keeps; nobody is there to lock it against. */

export const DATA = '/data';
/** Folder of the first key's log. */
export const VOTES = `${DATA}/votes`;

const PATHS = {
  blocks: `${DATA}/blocks`,
  votes: VOTES,
  state: `${DATA}/state`,
  evidence: `${DATA}/evidence`,
};

export async function openSimDirectory() {
  return { paths: PATHS, close: async () => undefined };
}
