/** The one small menu that a clicked value opens, wherever it stands. */
export interface ValueTarget {
  anchor: HTMLElement;
  field: string;
  value: unknown;
}

class ValueMenu {
  target = $state.raw<ValueTarget | null>(null);

  show(anchor: HTMLElement, field: string, value: unknown): void {
    this.target = { anchor, field, value };
  }

  close(): void {
    this.target = null;
  }
}

export const valueMenu = new ValueMenu();
