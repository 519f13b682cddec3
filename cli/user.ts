/** Who is at work: the name under which runs are started and gates are answered. */
export function userName(env: Readonly<Record<string, string | undefined>>): string {
  return env.USER || env.LOGNAME || env.USERNAME || 'unknown';
}
