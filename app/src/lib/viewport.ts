/** What the screen has room for, as the layout's breakpoints have it. */
import { MediaQuery } from "svelte/reactivity";

/** Less than that: a phone; lines open as sheets. */
export const roomy = new MediaQuery("(min-width: 768px)", true);
/** An open line and the facets stand beside the list. */
export const wide = new MediaQuery("(min-width: 1600px)", false);
export const calm = new MediaQuery("(prefers-reduced-motion: reduce)", false);
