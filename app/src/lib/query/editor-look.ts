import { EditorView } from "@codemirror/view";

/** The house's look for the editor; at the same measures as the plain field that it takes the place of. */
export function editorLook() {
  return EditorView.theme({
    "&": { backgroundColor: "transparent", color: "var(--text)" },
    "&.cm-focused": { outline: "none" },
    ".cm-scroller": { font: "var(--query-font)", lineHeight: "inherit", maxHeight: "172px", overflow: "auto" },
    ".cm-content": { padding: "6px 0", caretColor: "var(--accent)", minHeight: "32px" },
    "@media (pointer: coarse)": { ".cm-content": { padding: "10px 0", minHeight: "44px" } },
    ".cm-line": { padding: "0 8px" },
    ".cm-cursor": { borderLeftColor: "var(--accent)", borderLeftWidth: "2px" },
    ".cm-placeholder": { color: "var(--muted)" },
    "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
      backgroundColor: "color-mix(in oklab, var(--accent) 30%, transparent)",
    },
    ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": { backgroundColor: "var(--accent-soft)", outline: "1px solid var(--accent)" },
    ".cm-nonmatchingBracket, &.cm-focused .cm-nonmatchingBracket": { backgroundColor: "transparent", color: "var(--danger)" },
    ".cm-lintRange-error": {
      backgroundImage: "none",
      textDecoration: "underline wavy var(--danger) 1.5px",
      textUnderlineOffset: "3px",
    },
    ".cm-tooltip": {
      backgroundColor: "var(--float)",
      color: "var(--text)",
      border: "1px solid var(--line)",
      borderRadius: "6px",
      boxShadow: "0 1px 2px var(--shadow), 0 8px 28px var(--shadow)",
      zIndex: "50",
    },
    ".cm-tooltip.cm-tooltip-autocomplete > ul": {
      font: "0.8125rem/20px 'Commit Mono', monospace",
      maxHeight: "320px",
      minWidth: "min(260px, 90vw)",
      maxWidth: "min(720px, 94vw)",
    },
    ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "3px 10px", display: "flex", gap: "16px", alignItems: "baseline" },
    ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--raised)", color: "var(--text)" },
    ".cm-completionLabel": { flex: "1", overflow: "hidden", textOverflow: "ellipsis" },
    ".cm-completionMatchedText": { textDecoration: "none", color: "var(--accent)" },
    ".cm-completionDetail": {
      fontStyle: "normal",
      color: "var(--muted)",
      fontSize: "0.75rem",
      maxWidth: "360px",
      overflow: "hidden",
      textOverflow: "ellipsis",
      marginLeft: "0",
    },
    ".cm-tooltip.cm-completionInfo": {
      padding: "6px 10px",
      maxWidth: "280px",
      font: "0.8125rem/18px 'Instrument Sans Variable', sans-serif",
      margin: "0 4px",
    },
    ".cm-diagnostic": { padding: "6px 10px", font: "0.8125rem/18px 'Instrument Sans Variable', sans-serif", maxWidth: "min(520px, 90vw)" },
    ".cm-diagnostic-error": { borderLeft: "3px solid var(--danger)" },
    ".cm-diagnosticAction": {
      backgroundColor: "var(--accent)",
      color: "var(--on-accent)",
      borderRadius: "4px",
      padding: "2px 8px",
      font: "inherit",
    },
  });
}
