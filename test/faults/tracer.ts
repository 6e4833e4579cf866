/** What strace puts into system calls of a node; the node stays the child, the tracer steps aside. */

/**
 * One thread does all file work of the runtime, so that the k-th call is the k-th call, and not the
 * k-th of some thread. Without `--seccomp-bpf`: together with `-D` strace 6.1 injects nothing then.
 * @param calls   `fdatasync,fsync`
 * @param effect  `signal=SIGKILL:when=3`
 */
export function injecting(calls: string, effect: string): readonly string[] {
  const tracer = ['strace', '-D', '-f', '-qqq', '-o', '/dev/null'];
  const what = ['-e', `trace=${calls}`, '-e', `inject=${calls}:${effect}`];
  return ['env', 'UV_THREADPOOL_SIZE=1', ...tracer, ...what];
}

export const SYNCS = 'fdatasync,fsync';
