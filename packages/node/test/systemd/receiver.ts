/**
 * Reads datagrams from the socket that systemd-socket-activate hands over as descriptor 3 and prints
 * each as one JSON text per line. Node has no Unix datagram socket, but it can read a descriptor
 * that is one.
 */
import { readSync } from 'node:fs';

const SOCKET = 3;
const PAUSE_MS = 5;
const bytes = Buffer.alloc(4096);
const cell = new Int32Array(new SharedArrayBuffer(4));

function receive(): string {
  while (true) {
    try {
      return bytes.toString('utf8', 0, readSync(SOCKET, bytes));
    } catch (error) {
      const isEmpty = error instanceof Error && 'code' in error && error.code === 'EAGAIN';
      if (!isEmpty) throw error;
      Atomics.wait(cell, 0, 0, PAUSE_MS);
    }
  }
}

for (let text = ''; !text.includes('STOPPING=1'); ) {
  text = receive();
  process.stdout.write(`${JSON.stringify(text)}\n`);
}
