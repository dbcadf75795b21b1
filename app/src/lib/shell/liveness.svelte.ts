/** Whether something on the page is live, for the top bar. */
class Liveness {
  state = $state<"off" | "live" | "paused" | "lost">("off");

  get words(): string {
    return { off: "", live: "live", paused: "paused", lost: "reconnecting" }[this.state];
  }
}

export const liveness = new Liveness();
