interface Sent {
  copies: number;
  acknowledged: boolean;
  findable: boolean;
}

export interface SentFrame {
  frame_id: string;
  messages: string[];
}

/**
 * What clients were promised: each message of an acknowledged request is found exactly as often as it was sent; of a request without an answer
 * each message is found that often or not at all; nothing of another project is ever found.
 */
export class Oracle {
  private readonly frames = new Map<string, { project_id: string; messages: string[] }>();
  private readonly projects = new Map<string, Map<string, Sent>>();

  /** A request leaves its client: from here on its messages may be found. */
  sending(project_id: string, frames: readonly SentFrame[]): void {
    const sent = this.of(project_id);
    const counts = new Map<string, number>();
    for (const { frame_id, messages } of frames) {
      this.frames.set(frame_id, { project_id, messages });
      for (const message of messages) counts.set(message, (counts.get(message) ?? 0) + 1);
    }
    for (const [message, copies] of counts) if (!sent.has(message)) sent.set(message, { copies, acknowledged: false, findable: false });
  }

  /** The client has its answer: the messages must be found in the end. */
  acknowledged(project_id: string, frames: readonly SentFrame[]): void {
    for (const { messages } of frames) for (const message of messages) this.of(project_id).get(message)!.acknowledged = true;
  }

  /** The stream took a frame: from here on its messages must always be found. */
  appended(frame_id: string): void {
    const frame = this.frames.get(frame_id);
    for (const message of frame?.messages ?? []) this.of(frame!.project_id).get(message)!.findable = true;
  }

  /** What a reader that begins now must find at least; in the end that is all that was acknowledged. */
  promised(project_id: string, at_the_end: boolean): Map<string, number> {
    const sent = [...this.of(project_id)].filter(([, one]) => one.findable || (at_the_end && one.acknowledged));
    return new Map(sent.map(([message, one]) => [message, one.copies]));
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
