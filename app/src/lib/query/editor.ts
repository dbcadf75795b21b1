/** The editor of queries: CodeMirror, loaded after the page. Its styles are adopted sheets of a shadow root: the content policy allows no others. */
import {
  acceptCompletion,
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  closeCompletion,
  completionKeymap,
  completionStatus,
  moveCompletionSelection,
  selectedCompletion,
  startCompletion,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, insertNewline } from "@codemirror/commands";
import { bracketMatching } from "@codemirror/language";
import { type Diagnostic, linter } from "@codemirror/lint";
import { EditorState, Prec } from "@codemirror/state";
import { drawSelection, EditorView, keymap, placeholder as shownPlaceholder, tooltips } from "@codemirror/view";
import { api, ask } from "../api/client.ts";
import { queryCompletions } from "./completion.ts";
import { editorLook } from "./editor-look.ts";
import { queryLanguage } from "./language.ts";
import type { Span } from "./reference.ts";

export interface QueryEditor {
  focus(selection?: { from: number; to: number } | null): void;
  setText(text: string): void;
  destroy(): void;
}

export interface EditorOptions {
  text: string;
  label: string;
  placeholder: string;
  range: () => Span;
  onchange: (text: string) => void;
  onrun: () => void;
}

const CHECK_DELAY_MS = 300;

/** Where the query's fault stands, with what was expected there, and the word that was probably meant to be put in. */
async function faultsOf(view: EditorView): Promise<Diagnostic[]> {
  const text = view.state.doc.toString();
  if (text.trim() === "") return [];
  const { errors } = await ask(api.GET("/api/v1/query", { params: { query: { q: text } } })).catch(() => ({ errors: [] }));
  if (view.state.doc.toString() !== text) return [];
  return errors.map(({ message, position, found, suggestion }) => {
    const from = Math.min(position, text.length);
    const length = found === "the end" || found === "a space" ? 1 : found.length;
    const to = Math.min(text.length, from + Math.max(1, length));
    const place = from === to ? { from: Math.max(0, from - 1), to } : { from, to };
    const actions = suggestion
      ? [
          {
            name: `Write ${suggestion}`,
            apply: (at: EditorView, begin: number, end: number) => at.dispatch({ changes: { from: begin, to: end, insert: suggestion } }),
          },
        ]
      : [];
    return { ...place, severity: "error" as const, message, actions };
  });
}

export function createQueryEditor(host: HTMLElement, options: EditorOptions): QueryEditor {
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  const run = (view: EditorView): boolean => {
    closeCompletion(view);
    options.onrun();
    return true;
  };
  const state = EditorState.create({
    doc: options.text,
    extensions: [
      Prec.high(
        keymap.of([
          { key: "Mod-Enter", run },
          // Enter takes only what was chosen from the list: whoever has written a query wants it to run.
          { key: "Enter", run: (view) => selectedCompletion(view.state) === null && run(view) },
          { key: "Shift-Enter", run: insertNewline },
          { key: "Tab", run: acceptFirst },
          { key: "Escape", run: (view) => completionStatus(view.state) === null && leave(view) },
        ]),
      ),
      history(),
      drawSelection(),
      bracketMatching(),
      closeBrackets(),
      EditorView.lineWrapping,
      autocompletion({
        override: [queryCompletions(options.range)],
        icons: false,
        selectOnOpen: false,
        interactionDelay: 0,
        activateOnCompletion: ({ apply }) => typeof apply === "string" && /[:\s(]$/.test(apply),
        activateOnTypingDelay: 120,
        maxRenderedOptions: 60,
      }),
      linter(faultsOf, { delay: CHECK_DELAY_MS }),
      keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...completionKeymap]),
      queryLanguage(),
      editorLook(),
      tooltips({ position: "fixed" }),
      shownPlaceholder(options.placeholder),
      EditorView.contentAttributes.of({ "aria-label": options.label, spellcheck: "false", autocapitalize: "off", autocorrect: "off" }),
      EditorView.domEventHandlers({ beforeinput: typeOver }),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) options.onchange(update.state.doc.toString());
        if (update.focusChanged && update.view.hasFocus && update.state.doc.length === 0) startCompletion(update.view);
      }),
    ],
  });
  const view = new EditorView({ state, parent: root, root });
  return {
    focus(selection = null) {
      if (selection) view.dispatch({ selection: { anchor: selection.from, head: selection.to } });
      view.focus();
    },
    setText(text) {
      if (view.state.doc.toString() === text) return;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text }, selection: { anchor: text.length } });
    },
    destroy: () => view.destroy(),
  };
}

/**
 * Text over a selection is put in here. Left to itself a browser keeps the look of what was selected in a style attribute, which the content
 * policy refuses and reports.
 */
function typeOver(event: InputEvent, view: EditorView): boolean {
  const { main } = view.state.selection;
  const { data } = event;
  if (event.inputType !== "insertText" || !data || main.empty || event.isComposing) return false;
  event.preventDefault();
  const change = () => view.state.update(view.state.replaceSelection(data), { userEvent: "input.type", scrollIntoView: true });
  const handled = view.state.facet(EditorView.inputHandler).some((handle) => handle(view, main.from, main.to, data, change));
  if (!handled) view.dispatch(change());
  return true;
}

/** The chosen one of the list, else the first. */
function acceptFirst(view: EditorView): boolean {
  if (completionStatus(view.state) !== "active") return false;
  if (selectedCompletion(view.state) === null) moveCompletionSelection(true)(view);
  return acceptCompletion(view);
}

function leave(view: EditorView): boolean {
  view.contentDOM.blur();
  return true;
}
