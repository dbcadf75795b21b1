interface Sent {
  copies: number;
  acknowledged: boolean;
}

/**
 * What clients were promised: each message of an acknowledged request is found exactly as often as it was sent; of a request without an answer
 * each message is found that often or not at all; nothing of another project is ever found.
 */
export class Oracle {
  private readonly projects = new Map<string, Map<string, Sent>>();

  sending(project_id: string, messages: readonly string[]): void {
    const sent = this.of(project_id);
    const counts = new Map<string, number>();
    for (const message of messages) counts.set(message, (counts.get(message) ?? 0) + 1);
    for (const [message, copies] of counts) if (!sent.has(message)) sent.set(message, { copies, acknowledged: false });
  }

  acknowledged(project_id: string, messages: readonly string[]): void {
    for (const message of messages) this.of(project_id).get(message)!.acknowledged = true;
  }

  /** What a reader that begins now must find at least. */
  promised(project_id: string): Map<string, number> {
    return new Map([...this.of(project_id)].filter(([, sent]) => sent.acknowledged).map(([message, sent]) => [message, sent.copies]));
  }

  /** @throws Error that names each message found too often, too rarely or where it does not belong */
  check(project_id: string, promised: ReadonlyMap<string, number>, found: readonly string[]): void {
    const counts = new Map<string, number>();
    for (const message of found) counts.set(message, (counts.get(message) ?? 0) + 1);
    const wrong: string[] = [];
    for (const [message, copies] of promised) {
      if (counts.get(message) !== copies)
        wrong.push(`"${message}" was promised ${copies} times and found ${counts.get(message) ?? 0} times`);
    }
    for (const [message, count] of counts) {
      const sent = this.of(project_id).get(message);
      if (!sent) wrong.push(`"${message}" was never sent to ${project_id}`);
      else if (!promised.has(message) && count !== sent.copies)
        wrong.push(`"${message}" was sent ${sent.copies} times and found ${count} times`);
    }
    if (wrong.length > 0)
      throw new Error(`${project_id}: ${wrong.slice(0, 10).join("; ")}${wrong.length > 10 ? `; and ${wrong.length - 10} more` : ""}`);
  }

  private of(project_id: string): Map<string, Sent> {
    let sent = this.projects.get(project_id);
    if (!sent) {
      sent = new Map();
      this.projects.set(project_id, sent);
    }
    return sent;
  }
}
